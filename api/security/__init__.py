"""Who asks, and from where: credentials to a principal, origins."""
