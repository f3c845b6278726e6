"""What a tenant's tools reach: its tables, and servers of its choice."""
