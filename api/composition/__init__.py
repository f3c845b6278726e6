"""The composition root: settings to services, a room a function; only here adapters have names."""
