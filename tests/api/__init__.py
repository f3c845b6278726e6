"""The HTTP shell on fakes: problems, guard, limits, handshakes, the drain."""
