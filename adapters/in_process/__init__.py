"""Ports that live in the memory of this process."""
