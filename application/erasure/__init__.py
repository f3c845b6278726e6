"""Erasure: of a session, a user, a document, a tenant; by wish, or because its time is over."""
