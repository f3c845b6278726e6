"""Amazon S3, or what behaves like it."""
