"""Names and addresses by a recogniser in a process of its own, where the extra `names` is installed."""
