"""What a running process has to work with: the ports, opened; built in `api/wiring.py`, used by routes and sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.settings import Settings
from application.ports.blobs import Blobs
from application.ports.corpus import Corpus
from application.ports.event_store import EventStore
from application.ports.keys import Sealer
from application.ports.model import Embedder, LanguageModel


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every part of the process that a handler may use."""

    settings: Settings
    store: EventStore
    sealer: Sealer
    model: LanguageModel
    embedder: Embedder
    corpus: Corpus
    blobs: Blobs
    pool: Any
