"""Where facts are: the log, the pipe that carries them on, leases on turns, keys, and heads that vouch for all."""
