"""What may be spent: reserved before, settled after, in money, tokens, requests and turns."""
