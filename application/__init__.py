"""What can be done: one file a command, the ports they need, and the turn with its steps and its model gateway."""
