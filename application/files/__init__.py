"""Members' files: brought, kept sealed, given back by links that end, taken away."""
