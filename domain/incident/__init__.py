"""The aggregate that an incident is."""
