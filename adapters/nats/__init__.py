"""NATS JetStream: the pipe from the event store to the read models."""
