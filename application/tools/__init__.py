"""Tools that a model may call: what they take, how they run, what they give back."""
