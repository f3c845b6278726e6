"""What the application asks of the outside, by what it speaks to: a Protocol a file; the docstrings are the contract."""
