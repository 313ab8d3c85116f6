"""The stage `segment`: from probabilities to cells, by superpixels whose edges are learned and joined one by one."""
