"""One question with all that was said before it, and its one answer: turns for doors whose clients keep the history."""
