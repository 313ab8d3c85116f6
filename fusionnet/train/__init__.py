"""The stage `train`: one network, killed and resumed at any step, ending in the same bytes."""
