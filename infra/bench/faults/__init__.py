"""The fault wall: every way a model can fail, and what came of it."""
