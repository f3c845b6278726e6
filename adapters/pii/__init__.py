"""Finders of private values: by rules, by Bedrock Guardrails, by Presidio."""
