"""Claude and Titan behind AWS Bedrock: one signed client, its event stream decoded by ourselves."""
