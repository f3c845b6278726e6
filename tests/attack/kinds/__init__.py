"""The kinds of attacks, a file each with its `ATTACKS`."""
