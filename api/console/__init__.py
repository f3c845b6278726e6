"""The console: pages for people, which call the public API with their browser's cookie."""
