"""Which characters a file's bytes stand for: told by a mark, by what it says of itself, or by evidence."""
