"""What people read: the relay that carries facts to it, and one file a read model."""
