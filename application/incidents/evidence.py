"""The evidence of an incident: a copy of what happened, with the hashes that the audit log has of it, laid down once.

What the facts say is sealed with the session's own key inside of it: erasing the session makes it unreadable here too,
while positions, kinds and hashes stay and can be compared with the log.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO, Literal, cast

import msgspec

from application.clock import now, rfc3339
from application.execute import INCIDENT, Context, execute
from application.files.kept_bytes import KeptBytes
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.files.scratch import Scratch
from application.ports.incidents.evidence import AuditedFact, EvidenceSource
from application.ports.incidents.incident_register import IncidentRegister, IncidentRow
from domain.event import StreamId
from domain.incident.events import EvidenceFrozen
from domain.incident.rules import freeze_evidence
from domain.refusals import DependencyUnavailable, NotFound

SEALED_AS, TEXTS = "evidence", "texts of evidence"
PAUSES_S = (0.1, 0.5, 2.0, 5.0, 10.0)
"""Between two looks at the audit log, which is a moment behind."""


class FrozenFact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact without what it says. SHA-256(0x00 || leaf) is the hash; both as in the audit log's export."""

    position: int
    stream: str
    version: int
    kind: str
    at: str
    actor: str
    leaf: str
    leaf_hash: str


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """What is laid down; `texts` is sealed, base64, and empty where there was nothing to seal."""

    incident_id: str
    session_id: str
    turn_id: str
    frozen_at: str
    facts: tuple[FrozenFact, ...]
    texts: str


class OpenedFact(FrozenFact, frozen=True, kw_only=True):
    """A fact with what it says; null where the session was erased."""

    data: dict[str, Any] | None


class OpenedEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is given out."""

    incident_id: str
    session_id: str
    turn_id: str
    frozen_at: str
    facts: tuple[OpenedFact, ...]
    texts: Literal["readable", "gone"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Lays it down, and opens it."""

    store: EventStore
    sealer: Sealer
    kept: KeptBytes
    register: IncidentRegister
    source: EvidenceSource
    scratch: Scratch
    pauses_s: Sequence[float] = PAUSES_S

    async def freeze(self, tenant: str, row: IncidentRow, *, patient: bool = False) -> bool:
        """Lay it down unless it is; False while the audit log has not come so far: to be asked again. `patient` waits
        for it some twenty seconds."""
        if row.frozen:
            return True
        facts: list[AuditedFact] | None = []
        if row.raised.session_id:
            facts = await self._facts(tenant, row, self.pauses_s if patient else ())
        if facts is None:
            return False
        stream = StreamId(tenant, "incident", row.incident_id)
        body = msgspec.json.encode(await self._frozen(tenant, row, facts))
        sealed = await self.sealer.sealing(str(stream), cast(BinaryIO, BytesIO(body)), SEALED_AS)
        fact = EvidenceFrozen(facts=len(facts), sha256=hashlib.sha256(body).hexdigest())
        held = await execute(
            self.store, str(stream), INCIDENT, lambda one: freeze_evidence(one, fact), Context("incidents")
        )
        if held.state.sha256 == fact.sha256:  # else somebody else has laid down his copy
            await self.kept.put(key_of(stream), sealed)
            await self.register.set_frozen(tenant, row.incident_id)
        return True

    async def open(self, tenant: str, incident_id: str) -> OpenedEvidence:
        """The copy with what is still readable of it: `data` of each fact is null where the session was erased.
        `NotFound` before it was laid down, and when it is not what was laid down."""
        stream = StreamId(tenant, "incident", incident_id)
        with self.scratch.open() as sealed, self.scratch.open() as plain:
            if not await self.kept.get(key_of(stream), sealed):
                raise DependencyUnavailable("The evidence is on its way to the store.", retry_after_s=5)
            if not await self.sealer.unseal_file(str(stream), sealed, plain, SEALED_AS):
                raise NotFound
            body = plain.read()
        held = await execute(self.store, str(stream), INCIDENT, lambda _: [], Context("incidents"))
        if hashlib.sha256(body).hexdigest() != held.state.sha256:
            raise NotFound("The evidence is not what was laid down.")
        frozen = msgspec.json.decode(body, type=Frozen)
        said = await self._said(tenant, frozen)
        facts = tuple(OpenedFact(**msgspec.structs.asdict(fact), data=said.get(fact.position)) for fact in frozen.facts)
        known = msgspec.structs.asdict(frozen)
        return OpenedEvidence(**known | {"facts": facts, "texts": "readable" if said else "gone"})

    async def _facts(self, tenant: str, row: IncidentRow, pauses_s: Sequence[float]) -> list[AuditedFact] | None:
        for pause in (*pauses_s, None):
            found = await self.source.facts(tenant, row.raised.session_id, row.raised.upto)
            if found is not None or pause is None:
                return found
            await asyncio.sleep(pause)
        return None

    async def _frozen(self, tenant: str, row: IncidentRow, facts: Sequence[AuditedFact]) -> Frozen:
        said = {fact.position: fact.data for fact in facts if fact.data is not None}
        texts = b""
        if said:
            session = str(StreamId(tenant, "session", row.raised.session_id))
            try:
                texts = await self.sealer.seal(session, msgspec.json.encode(said), TEXTS)
            except NotFound:
                texts = b""  # it was erased just now
        return Frozen(
            incident_id=row.incident_id,
            session_id=row.raised.session_id,
            turn_id=row.raised.turn_id,
            frozen_at=rfc3339(now()),
            facts=tuple(map(_without_text, facts)),
            texts=base64.b64encode(texts).decode(),
        )

    async def _said(self, tenant: str, frozen: Frozen) -> dict[int, Any]:
        if not frozen.texts:
            return {}
        session = str(StreamId(tenant, "session", frozen.session_id))
        plain = await self.sealer.unseal(session, base64.b64decode(frozen.texts), TEXTS)
        return msgspec.json.decode(plain, type=dict[int, Any]) if plain is not None else {}


def _without_text(fact: AuditedFact) -> FrozenFact:
    return FrozenFact(
        position=fact.position,
        stream=fact.stream,
        version=fact.version,
        kind=fact.kind,
        at=rfc3339(fact.at),
        actor=fact.actor,
        leaf=base64.b64encode(fact.leaf).decode(),
        leaf_hash=fact.leaf_hash.hex(),
    )


def key_of(stream: StreamId) -> str:
    """Where the sealed copy is kept."""
    return f"{stream.tenant}/incidents/{stream.id}"
