"""Which addresses a webhook may have."""

from __future__ import annotations

import ipaddress

import pytest

from adapters.webhook.addresses import ForbiddenAddress, allowed_address, checked_url, is_public
from domain.refusals import InvalidField

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111"]
NOT_PUBLIC = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.192", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
    "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


CLOUDS = [
    "168.63.129.16", "169.254.169.254", "169.254.169.253", "169.254.170.2", "169.254.170.23", "169.254.42.42",
    "100.100.100.200", "192.0.0.192", "192.80.8.124", "161.26.0.10", "166.9.0.1",
]  # fmt: skip
CLOUDS_V6 = ["fd00:ec2::254", "fd00:ec2::253", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42", "fe80::a9fe:a9fe"]
# IPv4-mapped and -compatible, stateless translation, NAT64 by the well-known, a local and anybody's prefix, ISATAP.
SPELLINGS = [
    "::ffff:{}",
    "::{}",
    "::ffff:0:{}",
    "64:ff9b::{}",
    "64:ff9b:1::{}",
    "2a00:1450:64::{}",
    "2a00:1450::5efe:{}",
]


@pytest.mark.parametrize("address", CLOUDS)
def test_what_answers_only_inside_a_cloud_in_all_its_spellings(address: str) -> None:
    number = ipaddress.IPv4Address(address)
    six_to_four = ipaddress.IPv6Address((0x2002 << 112) | (int(number) << 80))
    teredo = ipaddress.IPv6Address((0x20010000 << 96) | (int(number) ^ 0xFFFFFFFF))
    spelled = [ipaddress.ip_address(form.format(address)) for form in SPELLINGS]
    assert not any(is_public(one) for one in (number, six_to_four, teredo, *spelled))


@pytest.mark.parametrize("address", CLOUDS_V6)
def test_what_answers_only_inside_a_cloud_over_ipv6(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook", "https://example.com:8443/a/b?c=d", "https://EXAMPLE.com", "https://8.8.8.8/x",
        "https://[2606:4700::1111]/", "https://xn--bcher-kva.example.com/", "https://example.com./",
    ],
)  # fmt: skip
def test_urls_that_may_be(url: str) -> None:
    checked_url(url, loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "//example.com/", "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "https://",
        "https:///x", "https://user@example.com/", "https://user:secret@example.com/", "https://example.com/#x",
        "https://example.com\\@127.0.0.1/", "https://exa mple.com/", "https://example.com/\n", "https://bücher.de/",
        "https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://printer.local/", "https://intra/",
        "https://metadata.google.internal/", "http://127.0.0.1/", "http://localhost:8000/", "javascript:alert(1)",
        "https://example.com:99999/", "gopher://example.com/", "https://[::1", "https://vault.corp/",
    ],
)  # fmt: skip
def test_urls_that_may_not_be(url: str) -> None:
    with pytest.raises(InvalidField):
        checked_url(url, loopback=False)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/x", "http://localhost/x", "https://[::1]/x"])
def test_this_machine_may_be_called_when_a_setting_says_so(url: str) -> None:
    checked_url(url, loopback=True)


@pytest.mark.parametrize("url", ["http://example.com/", "http://10.0.0.1/", "http://169.254.169.254/"])
def test_but_nothing_else_without_tls(url: str) -> None:
    with pytest.raises(InvalidField):
        checked_url(url, loopback=True)


@pytest.mark.parametrize("loopback", [True, False])
@pytest.mark.parametrize(
    "addresses", [*([one] for one in NOT_PUBLIC), ["93.184.216.34", "10.0.0.1"], ["93.184.216.34", "fe80::1%eth0"]]
)
async def test_a_name_that_means_an_inner_address_is_not_called(addresses: list[str], loopback: bool) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    with pytest.raises(ForbiddenAddress):
        await allowed_address(checked_url("https://example.com/", loopback=loopback), resolve, loopback=loopback)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "169.254.169.254", "[::ffff:a00:1]"])
async def test_other_spellings_of_inner_addresses_are_understood(host: str) -> None:
    """Either the form is refused, or what the system takes it for."""
    from adapters.webhook.addresses import resolve

    with pytest.raises((InvalidField, ForbiddenAddress, OSError)):
        await allowed_address(checked_url(f"https://{host}/", loopback=False), resolve, loopback=False)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example.com/", True), ("https://HOOKS.example.com./", True), ("https://a.b.example.org/", True),
        ("https://example.org/", False), ("https://example.com/", False), ("https://evilexample.org/", False),
        ("https://hooks.example.com.evil.net/", False), ("https://8.8.8.8/", False), ("http://localhost:8000/", True),
    ],
)  # fmt: skip
def test_an_installation_may_say_which_hosts_there_are(url: str, allowed: bool) -> None:
    hosts = ("hooks.example.com", ".example.org")
    if allowed:
        checked_url(url, loopback=True, hosts=hosts)
    else:
        with pytest.raises(InvalidField, match="allows"):
            checked_url(url, loopback=True, hosts=hosts)
