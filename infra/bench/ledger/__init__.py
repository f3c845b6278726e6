"""The ledger under kill -9: a load, and our count beside the provider's."""
