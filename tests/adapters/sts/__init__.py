"""Credentials of one tenant, and the policy that narrows them."""
