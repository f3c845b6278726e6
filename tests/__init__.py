"""The tests, sorted by what they need: rules on nothing, handlers on fakes, adapters and journeys on the real thing."""
