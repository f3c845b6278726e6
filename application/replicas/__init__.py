"""Sessions over many processes: a socket may be on any of them, wherever the turn runs that it watches."""
