"""Nested JSON Web Tokens by jwcrypto: signed with ES256, then encrypted with A256GCM (RFC 7519, RFC 9068)."""
