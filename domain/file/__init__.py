"""The aggregate that a member's file is."""
