"""What benchmarks run on: an installation, its clients, its processes."""
