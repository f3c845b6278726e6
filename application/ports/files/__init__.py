"""Files of members, and bytes that are too large for memory."""
