"""The outside: everything that starts, and everything that is called."""
