"""One folder a technology: each gives a port its body."""
