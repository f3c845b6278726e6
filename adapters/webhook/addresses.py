"""Which addresses a webhook may have: public ones, by name or number; what a name means is looked up each time."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx

from domain.refusals import InvalidField

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""A host and port to addresses, as text. OSError when there are none."""

RESOLVE_S = 3.0
INTERNAL = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "corp", "private", "localdomain")
TRANSLATED = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
"""IPv6 addresses that hold an IPv4 address, which may be any."""
SPECIAL = tuple(ipaddress.ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16"))
"""Registered for special purposes, which Python 3.11 does not know or knows in part."""
CLOUDS = tuple(
    ipaddress.ip_network(net)
    for net in (
        "169.254.0.0/16",  # nearly all clouds' metadata, and AWS's credentials
        "168.63.129.16",  # Azure's wire server
        "100.100.100.200",  # Alibaba Cloud's metadata
        "192.0.0.192",  # Oracle Cloud's older metadata
        "192.80.8.124",  # Equinix Metal's metadata
        "161.26.0.0/16",  # IBM Cloud's infrastructure services
        "166.8.0.0/14",  # IBM Cloud's service endpoints
        "fd00:ec2::/32",  # AWS: metadata ::254, name server ::253, credentials ::23
        "fd20:ce::254",  # Google Cloud's metadata
        "fd00:42::42",  # Scaleway's metadata
        "fe80::a9fe:a9fe",  # OpenStack's metadata
    )
)
"""What answers only inside a cloud, some of it at public addresses: metadata, credentials, services of the host."""


class ForbiddenAddress(Exception):
    """No webhook may go there. The message says why without the address."""


def checked_url(url: str, *, loopback: bool, hosts: Sequence[str] = ()) -> httpx.URL:
    """The URL, understood as it will be called; InvalidField when its form alone says that it may not be. With
    `loopback` this machine itself may be called too, also without TLS. `hosts`, when there are any, are all that may be
    called besides: names, or ends of names (`.example.com`)."""
    if not url.isascii() or not url.isprintable() or any(mark in url for mark in ' \\"<>'):
        raise InvalidField("webhook.url: an address of ASCII characters, without blanks or backslashes")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise InvalidField("webhook.url: not an address") from None
    host = parsed.host.rstrip(".").lower()
    here = loopback and is_loopback(host)
    if parsed.scheme != "https" and not (parsed.scheme == "http" and here):
        raise InvalidField("webhook.url: https only")
    if not host or parsed.userinfo or parsed.fragment or not 0 < (parsed.port or 443) < 65_536:
        raise InvalidField("webhook.url: a host and perhaps a port, no user or password, no fragment")
    if not here and (as_address(host) is None and (_is_internal(host) or "." not in host)):
        raise InvalidField("webhook.url: a public host")
    if hosts and not here and not any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts):
        raise InvalidField("webhook.url: a host that this installation allows")
    return parsed


async def allowed_address(url: httpx.URL, resolve: Resolve, *, loopback: bool) -> str:
    """The address to connect to. `ForbiddenAddress` when any that the name has is not a public one: who mixes them is
    up to something. OSError when it has none."""
    host, port = url.host.rstrip("."), url.port or (443 if url.scheme == "https" else 80)
    async with asyncio.timeout(RESOLVE_S):
        found = await resolve(host, port)
    for text in found:
        address = as_address(text)
        if address is None or not (is_public(address) or (loopback and address.is_loopback and is_loopback(host))):
            raise ForbiddenAddress("The tool's server is not at a public address.")
    if not found:
        raise OSError("no address")
    return found[0]


async def resolve(host: str, port: int) -> list[str]:
    """By the system's resolver, as any connection would be."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def as_address(host: str) -> Address | None:
    """A host that is a number rather than a name."""
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether it belongs to the public internet: not private, shared, loopback, link-local, a cloud's own, multicast,
    reserved, nor an IPv6 spelling of such a one (IANA's special-purpose registries)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in net for net in TRANSLATED) or address.is_site_local:
            return False
        # A translator of its own prefix has the IPv4 address at the end (RFC 6052, 2.2).
        if any(ipaddress.IPv4Address(address.packed[-4:]) in net for net in CLOUDS if net.version == 4):
            return False
    if any(address in net for net in SPECIAL + CLOUDS):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def is_loopback(host: str) -> bool:
    """`localhost`, or a number of this machine's own."""
    address = as_address(host)
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _is_internal(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in INTERNAL)
