"""What a turn does and in which order: the plan, its steps as data, prompts and citations."""
