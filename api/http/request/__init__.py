"""From a request's bytes to what a handler takes: JSON, multipart, pages."""
