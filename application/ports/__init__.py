"""What the application asks of the outside: one Protocol a file, by what it speaks to; the docstrings are the contract."""
