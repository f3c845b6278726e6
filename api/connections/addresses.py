"""Who is at the other end of a connection, by its address: through proxies that a setting trusts, and no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NONE = "none"
OF_ONE_IPV6_HOST = 64
"""Bits of an IPv6 address that tell hosts apart: the rest anybody chooses for himself (RFC 4291)."""
KNOWN = 4_096
"""Addresses that are read once, however often they connect."""
SCHEMES = ("http", "https")


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as settings name them, `none` for none at all; ValueError names one that is neither."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts if text and text != NONE)


@lru_cache(KNOWN)
def as_address(host: str) -> Address | None:
    """An address from its text; one of IPv4 in IPv6's clothes is one of IPv4."""
    try:
        address = ipaddress.ip_address(host.strip().strip("[]").partition("%")[0])
    except ValueError:
        return None
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address


@lru_cache(KNOWN)
def counted(host: str) -> str:
    """What limits count an address under: itself, or the network that one host of IPv6 has to itself."""
    address = as_address(host)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, OF_ONE_IPV6_HOST), strict=False).network_address)
    return str(address or host)


def among(host: str, known: Sequence[Network]) -> bool:
    """Whether an address is in one of these networks."""
    address = as_address(host)
    return address is not None and any(address in network for network in known)


@dataclass(frozen=True)
class Proxies:
    """The proxies in front of us, by address: what only they can know is believed when they say it, and nobody else."""

    trusted: tuple[Network, ...] = ()

    def client(self, scope: Any) -> str:
        """Whom a request comes from: the last address of `X-Forwarded-For` that is no proxy of ours; an empty text
        when the peer has none (a Unix socket)."""
        host = str((scope.get("client") or ("",))[0])
        for hop in reversed(_listed(scope, b"x-forwarded-for")):
            if not among(host, self.trusted) or as_address(hop) is None:
                break
            host = hop
        return host

    def scheme(self, scope: Any) -> str:
        """`http` or `https`, as the client sees it: by `X-Forwarded-Proto` where TLS ends at a proxy of ours."""
        own = {"ws": "http", "wss": "https"}.get(scope["scheme"], str(scope["scheme"]))
        peer = str((scope.get("client") or ("",))[0])
        told = _listed(scope, b"x-forwarded-proto") if among(peer, self.trusted) else []
        # The proxy next to us wrote the last one; those before it were handed on.
        said = {"ws": "http", "wss": "https"}.get(told[-1].lower(), told[-1].lower()) if told else own
        return said if said in SCHEMES else own


def _listed(scope: Any, name: bytes) -> list[str]:
    found = [value.decode("latin-1") for header, value in scope["headers"] if header == name]
    return [part.strip() for value in found for part in value.split(",") if part.strip()]
