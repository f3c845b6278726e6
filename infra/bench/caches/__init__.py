"""The answer caches: what they save, and what they must not confuse."""
