"""The HTTP server: its start and stop, its edge, what it refuses before the framework sees it."""
