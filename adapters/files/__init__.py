"""Ports on plain files of this machine."""
