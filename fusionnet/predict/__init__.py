"""The stage `predict`: the probability of "inside a cell", for a slice or a volume of any size."""
