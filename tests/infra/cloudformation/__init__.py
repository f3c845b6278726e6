"""The stack on AWS, and what its policies allow beside what the code asks for."""
