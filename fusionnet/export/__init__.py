"""A trained network for other programs: ONNX, and a package for the BioImage Model Zoo."""
