"""The model gateway: what stands between a step and the model, one concern a file."""
