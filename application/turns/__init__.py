"""One turn from the command that begins it to its one end: prepared, run, taken over, followed up."""
