"""Questions put to assistants through the real path, and what is counted of their answers."""
