"""A tenant's own settings: assistants, tools, datasets, budget, and what of them is known here."""
