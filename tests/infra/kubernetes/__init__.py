"""The chart, and what it comes to."""
