"""Who somebody is, how they say so, and what was taken back."""
