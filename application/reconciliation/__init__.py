"""Our ledger beside the provider's, and beside what might have been: matched, corrected, reckoned anew."""
