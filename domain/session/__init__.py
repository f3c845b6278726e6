"""The aggregate that a chat is: its commands, its events, what it remembers and its rules."""
