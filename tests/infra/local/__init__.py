"""The local stack itself: what it leaves running, what it keeps, and what it says."""
