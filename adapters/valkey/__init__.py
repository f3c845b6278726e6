"""What is kept in Valkey: short-lived things that may be lost."""
