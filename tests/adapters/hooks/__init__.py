"""Who outside is told of signed heads."""
