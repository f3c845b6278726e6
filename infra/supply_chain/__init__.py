"""What the product is made of besides its own code: pinned, hashed, and under licences that are allowed."""
