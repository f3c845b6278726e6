"""What went wrong: found by whoever looks, told to tenants, listed with its evidence."""
