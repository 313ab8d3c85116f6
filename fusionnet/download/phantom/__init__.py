"""A synthetic serial-section electron micrograph of neural tissue, with known truth."""
