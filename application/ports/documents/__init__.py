"""A tenant's documents: read from files, and searched."""
