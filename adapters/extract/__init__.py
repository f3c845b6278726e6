"""Files to text in child processes with limits, so that a hostile file harms nobody."""
