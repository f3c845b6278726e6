"""The audit tree: one RFC 6962 tree a tenant over the leaves of its facts, kept in tiles, signed, anchored, checked."""
