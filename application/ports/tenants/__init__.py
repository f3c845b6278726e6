"""Tenants: their directory, their rows, and what they use and spend."""
