"""The aggregate that a customer is: its assistants and what it allows them."""
