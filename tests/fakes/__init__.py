"""Fakes, one a port: they behave as the real thing does, which the contract tests hold them to."""
