"""Services whose turns are answered by a scripted model: what doors need whose clients keep the history."""

from __future__ import annotations

from typing import Any

from api.services import Services
from application.documents.embed_texts import EmbedTextsHandler
from application.documents.readable_documents import ReadableDocuments
from application.documents.search_documents import SearchDocumentsHandler
from application.exchanges.ask import AskHandler
from application.exchanges.follow import FollowHandler
from application.redaction.embeddable import Embeddable
from application.sessions.open_session import OpenSessionHandler
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from tests.api.harness import make_services
from tests.application.turns.harness import House
from tests.fakes.in_memory_known_exchanges import InMemoryKnownExchanges
from tests.fakes.nothing_private import NothingPrivate


def exchanging(here: House, known: InMemoryKnownExchanges | None = None) -> Services:
    """The house's services: its tenant is the harness's."""
    tenants = here.turns.prepare.tenants
    find = OpenSessionHandler(here.sessions, tenants)
    known = known or InMemoryKnownExchanges()
    parts: dict[str, Any] = {
        "store": here.store,
        "known": tenants,
        "budgets": here.turns.gate,
        "live": here.sessions,
        "open_session": find,
        "create_turn": here.create,
        "search_documents": SearchDocumentsHandler(
            here.store,
            here.corpus,
            here.embedder,
            Embeddable(NothingPrivate(), tenants),
            tenants,
            ReadableDocuments(tenants, here.corpus),  # type: ignore[arg-type]  # no document is asked for by its id
        ),
        "embed_texts": EmbedTextsHandler(
            here.store, here.embedder, Embeddable(NothingPrivate(), tenants), here.turns.gate.calls, tenants
        ),
        "ask": AskHandler(here.sessions, find, here.create, known, tenants, here.sealer),
        "follow": FollowHandler(CancelTurnHandler(), ConfirmToolHandler(), 20.0),
    }
    return make_services(**parts)
