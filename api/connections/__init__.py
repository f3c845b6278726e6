"""Connections as strangers open them: addresses, sockets, frames, and what each may take."""
