"""The image, run as it would be."""
