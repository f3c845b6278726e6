"""AWS STS: credentials that reach one tenant's things alone."""
