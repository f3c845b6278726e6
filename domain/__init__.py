"""What is true and what is allowed: pure rules over events; no I/O, no clock, no randomness, no awaiting."""
