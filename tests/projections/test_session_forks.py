"""A fork in the read models: its turns are seen and counted nowhere, and it lives by itself."""

from __future__ import annotations

import pytest

from domain.tenant.events import TenantCreated
from tests.api.harness import bearer
from tests.projections.harness import House

pytestmark = pytest.mark.real


async def forked(house: House, id: str, version: int) -> str:
    headers = bearer(house.services, ["member"], house.tenant)
    answer = await house.client.post(f"/v1/sessions/{id}/fork", headers=headers, json={"version": version})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["session_id"])


async def test_a_fork_costs_nothing_and_neither_session_needs_the_other(house: House) -> None:
    await house.writer.append(f"{house.tenant}/tenant/{house.tenant}", [TenantCreated(name="Acme")])
    id = await house.session(turns=6)
    await house.feed()
    office = {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    before = (await house.get("/v1/costs/summary", "analyst", **office)).json()
    assert before["turns"] == 6 and before["calls"]
    asked = (await house.get(f"/v1/sessions/{id}/turns")).json()["turns"]
    last = house.writer.versions[house.stream(id)]
    forks = [await forked(house, id, last) for _ in range(2)]
    await house.feed()
    after = (await house.get("/v1/costs/summary", "analyst", **office)).json()
    assert after == before, "copied turns are no turns, no calls and no money"
    lines = (await house.get("/v1/costs/lines", "analyst", **office)).json()["lines"]
    assert not {line["session_id"] for line in lines} & set(forks)
    for consistent in (False, True):
        own = (await house.get(f"/v1/sessions/{forks[0]}/turns", consistent=consistent)).json()["turns"]
        for old, new in zip(asked, own, strict=True):
            kept = ("status", "question", "answer", "citations", "model", "cached", "created_at")
            assert {name: new[name] for name in kept} == {name: old[name] for name in kept}
            assert new["cost_usd"] == "0" and not any(new["usage"].values())
        shown = (await house.get(f"/v1/sessions/{forks[0]}", consistent=consistent)).json()
        assert (shown["turns"], shown["forked_from"]) == (6, {"session_id": id, "version": last})
    said = [turn["answer"] for turn in own]
    headers = bearer(house.services, ["member"], house.tenant)
    for gone, left in ((forks[0], [id, forks[1]]), (id, [forks[1]])):
        assert (await house.client.delete(f"/v1/sessions/{gone}", headers=headers)).status_code == 200
        await house.feed()
        assert (await house.get(f"/v1/sessions/{gone}/turns")).status_code == 404
        for other in left:
            told = (await house.get(f"/v1/sessions/{other}/history")).json()["turns"]
            assert [turn["answer"] for turn in told] == said
