"""What an outsider verifies the audit log with."""
