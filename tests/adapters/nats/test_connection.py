"""Where NATS is and who we are there, as one setting says it."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.nats.connection import servers_of
from adapters.nats.credentials import NoCredentials


@pytest.mark.parametrize(
    ("urls", "servers", "who"),
    [
        ("nats://a:4222", ["nats://a:4222"], {}),
        ("tls://a:4222, tls://b:4222", ["tls://a:4222", "tls://b:4222"], {}),
        ("nats://u:p%40ss%2F@a:4222,nats://b:4222", ["nats://a:4222", "nats://b:4222"],
         {"user": "u", "password": "p@ss/"}),
        ("nats://s3cr%3At@a:4222", ["nats://a:4222"], {"token": "s3cr:t"}),
        ("", [], {}),
    ],
)  # fmt: skip
def test_servers_and_who_we_are(urls: str, servers: list[str], who: dict[str, str]) -> None:
    assert servers_of(urls) == (servers, who)


def test_credentials_answer_a_challenge(tmp_path: Path) -> None:
    """As the NKEYs of the specification are made: a prefix, the seed, a checksum, in base 32."""
    key, file = Ed25519PrivateKey.generate(), tmp_path / "nats.creds"
    raw = bytes([18 << 3 | 20 >> 5 & 7, (20 & 31) << 3]) + key.private_bytes_raw()
    seed = base64.b32encode(raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")).rstrip(b"=").decode()
    file.write_text(
        f"-----BEGIN NATS USER JWT-----\neyJ0.jwt.sig\n------END NATS USER JWT------\n\n"
        f"************************* IMPORTANT *************************\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    servers, who = servers_of("nats://u:p@a:4222", str(file))
    assert servers == ["nats://a:4222"] and who["user_jwt_cb"]() == b"eyJ0.jwt.sig"
    key.public_key().verify(base64.b64decode(who["signature_cb"]("n0nce")), b"n0nce")
    file.write_text(file.read_text().replace(seed, seed[:-3] + "AAA"))
    with pytest.raises(NoCredentials):
        who["signature_cb"]("n0nce")
    file.write_text("")
    with pytest.raises(NoCredentials):
        who["user_jwt_cb"]()
