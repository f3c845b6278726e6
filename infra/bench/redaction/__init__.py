"""Private values: how many are found, in texts made from templates and values."""
