"""What the process says of itself: logs, metrics, trace ids."""
