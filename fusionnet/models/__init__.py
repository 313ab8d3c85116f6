"""The core: the networks, what they cost and how far they see, and the files that hold them."""
