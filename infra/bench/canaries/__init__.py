"""Canaries: secrets of many tenants, and a search of every byte that leaves for anybody."""
