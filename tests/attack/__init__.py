"""Attacks on a running installation, each with what must happen; `make attack` runs them all."""
