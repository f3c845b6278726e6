"""A tenant's documents: added, read, indexed, searched, deleted."""
