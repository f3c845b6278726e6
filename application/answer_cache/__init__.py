"""Answers that were given before: when they may be kept, and when two questions are the same."""
