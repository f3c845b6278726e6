"""Small files of each kind with one thing in each that a reader of it sees, or does not."""
