"""Image volumes on disk, of shape (Z, Y, X), in any of the field's formats."""
