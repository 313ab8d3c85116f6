"""The stage `evaluate`: the ISBI-2012 challenge's own scores, and what the field uses beside them."""
