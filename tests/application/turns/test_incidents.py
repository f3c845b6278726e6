"""Incidents: once for a cause and a day, forwards alone, with evidence that says no more than erasure leaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
import pytest
from msgspec.structs import replace

from application.gateway.breaker import PROBES
from application.gateway.health import LONG_OPEN_S, Health
from application.incidents.look_out import LookOut
from application.incidents.raise_incident import RaiseIncident, policy_id
from application.incidents.tell_webhook import news_secret
from application.ports.incidents.troubles import Trouble
from application.ports.models.model import FailureKind, ModelFailure
from application.ports.tools.webhooks import WebhookAnswer, WebhookFailed
from domain.event import StreamId
from domain.incident.events import EvidenceFrozen, IncidentChanged, IncidentRaised
from domain.refusals import InvalidField, NotFound, TurnNotFound
from domain.tenant.assistant import Assistant
from tests.application.incidents.harness import NEWS_URL, IncidentHouse
from tests.application.turns.harness import TENANT, House, HouseTenants, house, member
from tests.fakes.nothing_private import NamedWords
from tests.fakes.scripted_model import Reply
from tests.fakes.small_ports import FixedTenants

OTHER = "01977c9e-1111-7000-8000-00000000000f"
AT = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
DOWN = Reply((), failure=ModelFailure(FailureKind.UNAVAILABLE, "away", refused=True))


async def raised_by_ada(ours: House) -> tuple[IncidentHouse, str, StreamId]:
    """An incident about a turn that said something."""
    live, incidents = await ours.open(), ours.incidents
    turn = await ours.ask(live, "Who hid the silver spoons?")
    id = await incidents.raising.by_member(
        member(), title="Wrong", text="It names the wrong one.", live=live, turn_id=turn.turn_id
    )
    await incidents.settled()
    return incidents, id, live.id


async def test_evidence_is_laid_down_once_and_erasure_leaves_its_hashes() -> None:
    async with house(Reply(("The lighthouse keeper.",))) as ours:
        ours.incidents.source.behind = 2
        incidents, id, session = await raised_by_ada(ours)
        row = await incidents.register.fetch(TENANT, id)
        assert row is not None and row.frozen and (row.raised.session_id, row.status) == (session.id, "open")
        found = msgspec.to_builtins(await incidents.evidence.open(TENANT, id))
        stored = await ours.store.load(str(session))
        assert [fact["version"] for fact in found["facts"]] == [one.version for one in stored]
        for fact in found["facts"]:
            assert hashlib.sha256(b"\0" + base64.b64decode(fact["leaf"])).hexdigest() == fact["leaf_hash"]
        assert "silver spoons" in str(found["facts"]) and found["texts"] == "readable"
        (kept,) = incidents.blobs.kept.values()
        assert b"silver" not in kept and b"leaf_hash" not in kept
        assert await incidents.evidence.freeze(TENANT, replace(row, frozen=False))  # somebody else comes later
        assert (kept,) == tuple(incidents.blobs.kept.values())

        await ours.store.shred(str(session))
        after = msgspec.to_builtins(await incidents.evidence.open(TENANT, id))
        assert "silver" not in str(after) and after["texts"] == "gone"
        hashes = [[fact["leaf_hash"] for fact in one["facts"]] for one in (found, after)]
        assert hashes[0] == hashes[1] and {fact["data"] for fact in after["facts"]} == {None}
        facts = [one.event for one in await ours.store.load(f"{TENANT}/incident/{id}")]
        assert [type(fact) for fact in facts] == [IncidentRaised, EvidenceFrozen]


async def test_evidence_that_was_changed_is_not_given_out() -> None:
    async with house() as ours:
        incidents, id, _ = await raised_by_ada(ours)
        (key,) = incidents.blobs.kept
        stream = f"{TENANT}/incident/{id}"
        other = await incidents.sealer.seal(stream, b'{"facts": []}', "evidence")
        incidents.blobs.kept[key] = other
        with pytest.raises(NotFound):
            await incidents.evidence.open(TENANT, id)


async def test_evidence_waits_for_an_audit_log_that_is_far_behind() -> None:
    async with house() as ours:
        ours.incidents.source.behind = 50
        incidents, id, _ = await raised_by_ada(ours)
        row = await incidents.register.fetch(TENANT, id)
        assert row is not None and not row.frozen and not incidents.blobs.kept
        incidents.source.behind = 0
        assert await incidents.evidence.freeze(TENANT, row) and incidents.blobs.kept


async def test_only_ones_own_turns_are_named() -> None:
    async with house() as ours:
        live = await ours.open()
        for session in (live, None):
            with pytest.raises(TurnNotFound):
                await ours.incidents.raising.by_member(member(), title="a", text="b", live=session, turn_id="x")
        assert not ours.incidents.register.rows


async def test_it_goes_forwards_alone_and_the_tenants_server_is_told() -> None:
    async with house() as ours:
        cast(HouseTenants, ours.turns.prepare.tenants).tenant = replace(ours.tenant, incident_webhook=NEWS_URL)
        incidents = ours.incidents
        incidents.webhooks.answers = [WebhookFailed("away", sent=False), WebhookAnswer("ok", False)]
        id = await incidents.raising.by_member(member(), title="A secret title", text="b", severity="high")
        await incidents.settled()
        admin = member("eve")
        for status in ("acknowledged", "acknowledged", "closed"):
            await incidents.changing(admin, id, status)
            await incidents.settled()
        with pytest.raises(InvalidField):
            await incidents.changing(admin, id, "open")
        with pytest.raises(NotFound):
            await incidents.changing(admin, "01977c9e-9999-7000-8000-000000000001", "closed")
        facts = [one.event for one in await ours.store.load(f"{TENANT}/incident/{id}")]
        changes = [fact.status for fact in facts if isinstance(fact, IncidentChanged)]
        assert changes == ["acknowledged", "closed"]
        told = [msgspec.json.decode(body) for _, body, _ in incidents.webhooks.sent]
        assert [news["status"] for news in told] == ["open", "open", "acknowledged", "closed"]  # the first twice
        assert "secret" not in str(told) and {url for url, _, _ in incidents.webhooks.sent} == {NEWS_URL}
        secret = await news_secret(incidents.sealer, TENANT)
        for _, body, headers in incidents.webhooks.sent:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{digest}"


async def test_policies_raise_one_for_a_cause_and_a_day_whatever_the_storm() -> None:
    async with house(DOWN) as ours:
        for user in ("ada", "bob", "eve"):
            assert (await ours.ask(await ours.open(user), "Anybody there?")).status == "failed"
        await ours.incidents.settled()
        (row,) = ours.incidents.register.rows.values()
        assert (row.raised.cause, row.raised.raised_by, row.raised.severity) == ("models_down", "policy", "high")
        assert row.raised.session_id and row.frozen
        # Another process meets the same, also after it was closed.
        await ours.incidents.changing(member("eve"), row.incident_id, "closed")
        elsewhere = RaiseIncident(ours.store, ours.incidents.register, ours.incidents.evidence, ours.incidents.tell)
        elsewhere.by_policy(TENANT, "models_down")
        for task in [*elsewhere.tasks]:
            await task
        assert [one.status for one in ours.incidents.register.rows.values()] == ["closed"]


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class FixedTroubles:
    def __init__(self, *troubles: Trouble) -> None:
        self.troubles = list(troubles)

    async def known(self) -> list[Trouble]:
        return self.troubles


async def test_what_no_turn_meets_is_raised_once_with_whom_it_concerns() -> None:
    clock = Clock()
    async with house() as ours:
        incidents, health, later = ours.incidents, Health(clock), AT + timedelta(hours=1)
        troubles = FixedTroubles(
            Trouble(TENANT, "tampering_found", AT), Trouble(TENANT, "facts_parked", AT),
            Trouble(TENANT, "facts_parked", later), Trouble(OTHER, "facts_parked", AT),
        )  # fmt: skip
        tenants = FixedTenants()
        tenants.gone.add(OTHER)
        look_out = LookOut(incidents.raising, tenants, troubles, health.take_shut_out)

        async def met() -> list[str]:
            health.passed_over("m", TENANT)
            await look_out()
            await incidents.settled()
            return sorted(row.raised.cause for row in incidents.register.rows.values())

        for _ in range(20):
            health.breaker("m").allows()
            health.failed("m", ModelFailure(FailureKind.UNAVAILABLE, "away"))
        clock.now += LONG_OPEN_S - 1
        assert await met() == ["facts_parked", "tampering_found"], "a hiccup is no incident"
        clock.now += 1
        for _ in range(3):
            assert await met() == ["breaker_long_open", "facts_parked", "tampering_found"]
        raised = [one.event for one in ours.store.log if isinstance(one.event, IncidentRaised)]
        assert len(raised) == 3 and {one.stream.partition("/")[0] for one in ours.store.log} == {TENANT}
        for _ in range(PROBES):
            assert health.breaker("m").allows()
            health.succeeded("m", 0.1, 8.0)
        assert health.breaker("m").sick_for_s == 0.0


async def test_a_blocked_private_value_is_an_incident() -> None:
    blocking = Assistant(pii={"email": "block"})
    async with house(assistant=blocking, detector=NamedWords(email="ada@example.com")) as ours:
        turn = await ours.ask(await ours.open(), "Write to ada@example.com")
        assert turn.error_code == "pii_blocked"
        await ours.incidents.settled()
        (row,) = ours.incidents.register.rows.values()
        assert (row.raised.cause, row.raised.turn_id) == ("private_value_blocked", turn.turn_id)
        assert "ada@example.com" not in row.raised.title + row.raised.text


def test_the_id_of_a_policys_incident_is_that_of_its_day() -> None:
    one = policy_id(TENANT, "budget_out", AT)
    assert one == policy_id(TENANT, "budget_out", AT + timedelta(hours=14)) and one[14] == "7"
    others = {policy_id(TENANT, "models_down", AT), policy_id("x", "budget_out", AT)}
    assert len({one, policy_id(TENANT, "budget_out", AT + timedelta(days=1)), *others}) == 4
