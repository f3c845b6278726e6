"""Our ledger beside the provider's: calls matched, differences named and corrected."""
