"""Sessions beside their facts: the view of them, their last frames, what processes tell each other."""
