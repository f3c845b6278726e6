"""Language models and what is near them: detectors of private values, kept answers, the provider's own log."""
