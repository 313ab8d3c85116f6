"""The stage `download`: datasets declared, fetched, verified, and written as raw stacks."""
