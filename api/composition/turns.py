"""Opens the room of turns on its real ports; how its parts fit together is in `turn_wiring`."""

from __future__ import annotations

from adapters.bedrock.body import SilenceLimits
from adapters.bedrock.language_model import BedrockLanguageModel
from adapters.postgres.known_exchanges import PostgresKnownExchanges
from adapters.postgres.semantic_cache import PostgresSemanticCache
from adapters.valkey.exact_cache import ValkeyExactCache
from adapters.valkey.reservations import ValkeyReservations
from adapters.valkey.step_replies import ValkeyStepReplies
from api.composition.infrastructure import Infrastructure
from api.composition.replicas import Replication
from api.composition.shared import Shared
from api.composition.turn_wiring import TurnParts, Turns, put_together
from api.services import ExchangeServices, TurnServices
from api.settings import Settings
from application.exchanges.ask import AskHandler
from application.exchanges.follow import FollowHandler
from application.incidents.raise_incident import RaiseIncident
from application.ports.facts.leases import Leases
from application.sessions.open_session import OpenSessionHandler
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.drain import Drain
from application.turns.give_feedback import GiveFeedbackHandler
from application.turns.read_attachments import ReadAttachments
from application.turns.recover_turns import LeaseSight, RecoverTurns
from projections.spending import LedgerSpending

CLAIM_S = 1.0
"""Between two looks for leases that have run out."""


def renewal_s(settings: Settings) -> float:
    """Between two renewals of a process's leases."""
    return settings.lease_s / 4


def run_turns(
    on: Infrastructure, shared: Shared, attachments: ReadAttachments, incidents: RaiseIncident, replication: Replication
) -> Turns:
    """What runs turns."""
    patience = SilenceLimits(on.settings.thinking_s, on.settings.tool_input_s)
    parts = TurnParts(
        store=on.store,
        sealer=on.store.vault,
        tenants=shared.tenants,
        sessions=shared.sessions,
        admission=shared.admission,
        model=BedrockLanguageModel(on.bedrock.http, patience),
        embedder=shared.embedder,
        corpus=shared.corpus,
        detector=shared.detector,
        exact=ValkeyExactCache(on.cache),
        similar=PostgresSemanticCache(on.searches),
        replies=ValkeyStepReplies(on.cache),
        reservations=ValkeyReservations(on.cache),
        spending=LedgerSpending(on.pool),
        datasets=on.datasets,
        webhooks=shared.webhooks,
        servers=shared.servers,
        attachments=attachments,
        incidents=incidents,
        begun=replication.tell.begun,
    )
    return put_together(on.settings, parts)


def open_turns(on: Infrastructure, shared: Shared, turns: Turns, replication: Replication) -> TurnServices:
    """What the chat socket works with."""
    return TurnServices(
        create_turn=CreateTurnHandler(
            turns.gate.permits, turns.prepare, turns.runner, on.store.vault, turns.runner.attachments
        ),
        cancel_turn=CancelTurnHandler(replication.elsewhere),
        confirm_tool=ConfirmToolHandler(replication.elsewhere),
        give_feedback=GiveFeedbackHandler(turns.cache),
        drain=Drain(shared.sessions, shared.admission, turns.runner, replication.tell.finish),
    )


def open_exchanges(on: Infrastructure, shared: Shared, turns: TurnServices) -> ExchangeServices:
    """What doors work with whose clients keep the history."""
    known, find = PostgresKnownExchanges(on.pool), OpenSessionHandler(shared.sessions, shared.tenants)
    return ExchangeServices(
        ask=AskHandler(shared.sessions, find, turns.create_turn, known, shared.tenants, on.store.vault),
        # Whoever leaves here knows nothing of those who follow the same turn at other processes.
        follow=FollowHandler(CancelTurnHandler(), turns.confirm_tool, on.settings.turn_s),
    )


def recovery(on: Infrastructure, shared: Shared, turns: Turns, leases: Leases) -> RecoverTurns:
    """What takes up turns of a database whose process is gone, and keeps our own from being taken."""
    return RecoverTurns(
        leases=leases,
        sessions=shared.sessions,
        permits=turns.gate.permits,
        prepare=turns.prepare,
        turns=turns.runner,
        users=shared.users,
        sealer=on.store.vault,
        process=on.process,
        sight=LeaseSight(settled_s=renewal_s(on.settings) + CLAIM_S, gap_s=on.settings.lease_s / 2),
    )
