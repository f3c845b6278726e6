"""The event store on the eventsourcing library: mapper, recorder, coalescer, keys and leases."""
