"""Where NATS is and who we are there, as one setting says it."""

from __future__ import annotations

import pytest

from adapters.nats.connection import servers_of


@pytest.mark.parametrize(
    ("urls", "credentials", "servers", "who"),
    [
        ("nats://a:4222", "", ["nats://a:4222"], {}),
        ("tls://a:4222, tls://b:4222", "", ["tls://a:4222", "tls://b:4222"], {}),
        ("nats://u:p%40ss%2F@a:4222,nats://b:4222", "", ["nats://a:4222", "nats://b:4222"],
         {"user": "u", "password": "p@ss/"}),
        ("nats://s3cr%3At@a:4222", "", ["nats://a:4222"], {"token": "s3cr:t"}),
        ("nats://a:4222", "/keys/nats.creds", ["nats://a:4222"], {"user_credentials": "/keys/nats.creds"}),
        ("", "", [], {}),
    ],
)  # fmt: skip
def test_servers_and_who_we_are(urls: str, credentials: str, servers: list[str], who: dict[str, str]) -> None:
    assert servers_of(urls, credentials) == (servers, who)
