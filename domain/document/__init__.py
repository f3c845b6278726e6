"""The aggregate that a document in a tenant's corpus is."""
