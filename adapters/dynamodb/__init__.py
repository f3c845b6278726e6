"""DynamoDB: the items of the session view."""
