"""An address is believed to be what our own proxies say, and counted so that nobody has more than one."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.connections.address_limits import AddressLimits
from api.connections.addresses import Proxies, counted, networks
from domain.refusals import Overloaded, RateLimited
from tests.api.harness import asgi, bearer, make_services

PROXY = "10.0.0.7"
BEHIND = Proxies(networks(["10.0.0.0/24"]))


def scope(peer: str = PROXY, scheme: str = "http", **headers: str) -> Any:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"client": (peer, 1) if peer else None, "scheme": scheme, "headers": raw}


@pytest.mark.parametrize(
    ("peer", "said", "client"),
    [
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (PROXY, "1.1.1.1, 203.0.113.9", "203.0.113.9"),  # who adds a hop of his own stays who he is
        (PROXY, "203.0.113.9, 10.0.0.8", "203.0.113.9"),
        (PROXY, "203.0.113.9, nonsense", PROXY),
        (PROXY, "", PROXY),
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),  # no proxy of ours
        ("", "203.0.113.9", ""),
        ("::ffff:10.0.0.7", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_whom_a_request_comes_from(peer: str, said: str, client: str) -> None:
    assert BEHIND.client(scope(peer, x_forwarded_for=said)) == client


@pytest.mark.parametrize(
    ("peer", "scheme", "said", "seen"),
    [
        (PROXY, "ws", "https", "https"),
        (PROXY, "ws", "wss", "https"),
        (PROXY, "http", "HTTPS", "https"),
        (PROXY, "wss", "http", "http"),
        (PROXY, "http", "http, https", "https"),
        (PROXY, "ws", "gopher", "http"),
        (PROXY, "ws", "", "http"),
        ("198.51.100.1", "ws", "https", "http"),
    ],
)
def test_the_scheme_that_the_client_sees(peer: str, scheme: str, said: str, seen: str) -> None:
    assert BEHIND.scheme(scope(peer, scheme, x_forwarded_proto=said)) == seen


def test_spellings_of_one_host_are_one() -> None:
    assert counted("::ffff:203.0.113.9") == counted("203.0.113.9")
    assert counted("2001:db8::1") == counted("2001:db8::ffff:1%eth0") != counted("2001:db8:0:1::1")


def test_a_setting_that_names_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="everybody"):
        networks(["everybody"])
    assert networks(["none"]) == ()


def limits(clock: Any, **changes: Any) -> AddressLimits:
    given: dict[str, Any] = {
        "connections": 100,
        "open_at_once": 10,
        "opened_a_second": 5,
        "failures_a_minute": 3,
        "free": networks(["127.0.0.0/8"]),
        "proxies": BEHIND,
    }
    return AddressLimits(**given | changes, clock=clock)


def test_connections_of_an_address_by_the_second_and_at_once() -> None:
    now = [0.0]
    held = limits(lambda: now[0])
    for n in range(10):
        now[0] += n % 5 == 0
        held.check_connection("203.0.113.9")
        held.connected("203.0.113.9")
        if n == 4:
            with pytest.raises(RateLimited):
                held.check_connection("203.0.113.9")
    now[0] += 10
    with pytest.raises(RateLimited):
        held.check_connection("203.0.113.9")
    held.check_connection("203.0.113.10")
    held.disconnected("203.0.113.9")
    held.check_connection("203.0.113.9")


def test_this_machine_and_our_proxies_make_as_many_as_the_process_takes() -> None:
    held = limits(lambda: 0.0)
    for host in ("127.0.0.1", PROXY, "", "::ffff:127.0.0.1"):
        for _ in range(25):
            held.check_connection(host)
            held.connected(host)
    for host in ("127.0.0.1", PROXY, "203.0.113.9"):
        with pytest.raises(Overloaded):
            held.check_connection(host)


async def test_an_address_whose_credentials_fail_too_often_waits() -> None:
    services = make_services(settings={"address_failures_per_minute": 3, "trusted_proxies": (PROXY,)})
    transport = asgi(services, client=(PROXY, 1))

    async def ask(client: httpx.AsyncClient, host: str, **headers: str) -> httpx.Response:
        return await client.get("/v1/assistants/default", headers={"X-Forwarded-For": host, **headers})

    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as client:
        said = [(await ask(client, "203.0.113.9", Authorization="Bearer x")).status_code for _ in range(5)]
        assert said == [401, 401, 401, 429, 429]
        refused = await ask(client, "203.0.113.9", **bearer(services, ["admin"]))
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await ask(client, "203.0.113.10")).status_code == 401
        assert (await ask(client, "127.0.0.1")).status_code == 401
