"""What the API says of itself: OpenAPI of its routes, AsyncAPI of its chat socket, and pages of both."""
