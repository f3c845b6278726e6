"""What the application asks of the outside, by what it speaks to: a Protocol a file, with the contract beside it."""
