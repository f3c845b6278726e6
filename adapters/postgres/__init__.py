"""PostgreSQL: migrations, connections, and the corpus."""
