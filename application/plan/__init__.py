"""What a turn does and in which order: the plan of steps, prompts and citations."""
