"""The recogniser of names."""
