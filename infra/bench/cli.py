"""`colloquy bench ...`: the benchmarks by name; each compares with a baseline in the same run."""

from __future__ import annotations

import click

from api.cli.lazy_group import Lazy, LazyGroup

COMMANDS: dict[str, Lazy] = {
    "audit": ("infra.bench.audit", "audit", "Proofs of a long log, and how fast it is checked, beside hashing alone"),
    "events": ("infra.bench.events", "events", "Events a second into the event store, beside the library as it comes"),
    "load": ("infra.bench.load", "load", "Many sockets over many tenants, and our ledger beside Bedrock's"),
    "costs": ("infra.bench.costs", "costs", "Questions of costs over a million lines, beside lines alone"),
    "documents": ("infra.bench.documents", "documents", "How soon documents are found, and how well"),
    "doors": ("infra.bench.doors", "doors", "What a call through each door costs, beside the socket"),
    "first-answer": ("infra.bench.first_answer", "first_answer", "From nothing to an answer out of one's own folder"),
    "ingest": (
        "infra.bench.ingest",
        "ingest",
        "Documents a second to findable, what each stage takes, streams beside it",
    ),
    "search": ("infra.bench.search", "search", "How well search finds, also with noise in place of words or meaning"),
    "search-at-size": (
        "infra.bench.search_at_size",
        "search_at_size",
        "Search in a large corpus: p50, recall of its index",
    ),
    "pages": ("infra.bench.pages", "pages", "How soon the console's pages can be used with a long past"),
    "erasure": ("infra.bench.erasure", "erasure", "Erasing a session, a user, a tenant, keys in backups included"),
    "noisy": ("infra.bench.noisy", "noisy", "One tenant at ten times its limit: the others' first tokens"),
    "outage": ("infra.bench.outage", "outage", "NATS stopped under load: nothing fails, all is caught up"),
    "replicas": ("infra.bench.replicas", "replicas", "Kills, rolls and outages over replicas: what clients notice"),
    "upgrade": ("infra.bench.upgrade", "upgrade", "Another version to this one under load, and back"),
    "restore-drill": ("infra.bench.restore_drill", "restore_drill", "A backup under load, restored: RPO, RTO, checked"),
    "stream": ("infra.bench.stream", "stream", "What the server adds to a stream, beside a bare pipe"),
    "faults": ("infra.bench.faults.fault_wall", "faults", "Every way a model can fail, and what the client saw of it"),
    "ledger": ("infra.bench.ledger.benchmark", "ledger", "Faults, cancels and kills: the ledger beside the provider's"),
    "budget": ("infra.bench.budget", "budget", "Many turns at once against a budget for few"),
    "plans": ("infra.bench.plans", "plans", "What each plan adds to a turn's time"),
    "canaries": (
        "infra.bench.canaries.benchmark",
        "canaries",
        "Secrets everywhere: does any leave for another tenant?",
    ),
    "caches": ("infra.bench.caches.benchmark", "caches", "The answer caches: wrong hits, right hits, what they save"),
    "long-session": ("infra.bench.long_session", "long_session", "What the prompt cache saves over a long session"),
    "redaction": ("infra.bench.redaction.command", "redaction", "Recall for each kind of private value"),
    "attack-sql": ("infra.bench.attack_sql", "attack_sql", "Hostile tool queries, and who suffers"),
    "texts": ("infra.bench.texts", "texts", "How long any text holds the event loop"),
    "smoke": ("infra.bench.smoke", "smoke", "One of each thing on a running installation, then taken away"),
    "soak": ("infra.bench.soak", "soak", "People at work for minutes or hours: what must stay flat, with pictures"),
    "history": ("infra.bench.trend", "history", "How the recorded ratios went from commit to commit"),
}


@click.group(cls=LazyGroup, lazy=COMMANDS)
def bench() -> None:
    """Measure, as ratios against a baseline in the same run.

    Example: colloquy bench events
    """
