"""Requests to servers of tenants' choice, over HTTPS."""
