"""How an English question is read, for the judgement whether two ask the same."""
