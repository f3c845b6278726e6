"""What must not pass: private values on their way out and back, and what an answer may not carry."""
