"""A stand-in for Bedrock Runtime on this machine: its wire protocol, its faults, its bills; not its intelligence."""
