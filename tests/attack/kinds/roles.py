"""Every route with every role that may not use it."""

from __future__ import annotations

from domain.access import PERMISSIONS
from tests.attack.attack import Attack, Ground, refused

ABSENT = "01977c9e-1111-7000-8000-000000000001"
MUST = "403 or the answer of an absent thing, a problem with a code"
ROUTES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/v1/sessions"): frozenset({"member"}),
    ("GET", f"/v1/sessions/{ABSENT}"): frozenset({"member"}),
    ("GET", f"/v1/sessions/{ABSENT}/turns"): frozenset({"member"}),
    ("DELETE", f"/v1/sessions/{ABSENT}"): frozenset({"member"}),
    ("POST", "/v1/search"): frozenset({"member"}),
    ("POST", "/v1/documents"): frozenset({"editor"}),
    ("DELETE", f"/v1/documents/{ABSENT}"): frozenset({"editor"}),
    ("GET", "/v1/costs/summary"): frozenset({"analyst"}),
    ("GET", "/v1/costs/lines"): frozenset({"analyst"}),
    ("GET", "/v1/costs/series"): frozenset({"analyst"}),
    ("GET", "/v1/audit/events"): frozenset({"auditor"}),
    ("PUT", "/v1/assistants/x"): frozenset({"admin"}),
    ("GET", "/v1/assistants/x"): frozenset({"admin"}),
    ("PUT", "/v1/tools/x"): frozenset({"admin"}),
    ("PUT", "/v1/datasets/x"): frozenset({"admin"}),
    ("PUT", "/v1/budget"): frozenset({"admin"}),
    ("DELETE", "/v1/tools/x"): frozenset({"admin"}),
    ("POST", "/v1/tenants"): frozenset({"operator"}),
}


def _attack(method: str, route: str, role: str) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.http(role) as http:
            answer = await http.request(method, route, json={} if method in ("POST", "PUT") else None)
            refused(answer, 403)
            assert answer.json()["code"] == "forbidden"

    return Attack("roles", f"{role} {method} {route.replace(ABSENT, '0')}", MUST, run)


async def _invented(ground: Ground) -> None:
    async with ground.http("root", "*", "ADMIN") as http:
        for method, route in ROUTES:
            answer = await http.request(method, route, json={} if method in ("POST", "PUT") else None)
            refused(answer, 401, 403)


ATTACKS = [
    *(
        _attack(method, route, role)
        for (method, route), allowed in ROUTES.items()
        for role in PERMISSIONS
        if role not in allowed and not (role == "operator" and "operator" in allowed)
    ),
    Attack("roles", "roles that do not exist", MUST, _invented),
]
