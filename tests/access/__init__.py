"""Tokens, tickets, tenants and who may do what."""
