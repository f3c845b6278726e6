"""What several rooms of the API server work with, made once: tenants, users, sessions, models, the corpus."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from adapters.bedrock.client import Bedrock
from adapters.bedrock.embedder import BedrockEmbedder
from adapters.confinement.probe import walls_here
from adapters.extract.pool import ProcessExtractor, open_extractor
from adapters.names.classifier import find_weights
from adapters.names.recogniser import NameRecogniser
from adapters.names.wire import default_socket
from adapters.pii.combined import CombinedDetector
from adapters.pii.guardrails import GuardrailsDetector
from adapters.pii.rule_detector import RuleDetector
from adapters.pii.with_names import WithNames
from adapters.postgres.api_key_uses import PostgresApiKeyUses
from adapters.postgres.corpus import PostgresCorpus
from adapters.postgres.revocations import PostgresRevocations
from adapters.postgres.user_names import PostgresUserNames
from adapters.valkey.console_sign_ins import ValkeyConsoleSignIns
from adapters.valkey.feed_tail import ValkeyFeedTail
from adapters.webhook.mcp_servers import SdkMcpServers
from adapters.webhook.webhooks import open_webhooks
from api.composition.infrastructure import Infrastructure
from api.composition.token_wiring import derivation_secrets, outside_identity
from api.settings import Settings
from api.telemetry import event_metrics
from api.telemetry.parser_walls import ParserWalls
from application.budget.process_limits import Admission
from application.denials import Denials
from application.ports.documents.corpus import Corpus
from application.ports.models.detector import Detector
from application.ports.models.model import Embedder
from application.ports.people.console_sign_ins import ConsoleSignIns
from application.ports.people.outside_identity import OutsideIdentity
from application.ports.tools.mcp_servers import McpServers
from application.ports.tools.webhooks import Webhooks
from application.revocations import Revocations
from application.sessions.live_session import LiveSessions
from application.tasks import TaskSet
from application.tenants.api_keys import ApiKeys
from application.tenants.cached_tenants import CachedTenants
from application.users import Users

SNIFF_S = 15.0
"""So long an upload waits for a process that tells what it is."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """One of each, whoever asks for it."""

    tenants: CachedTenants
    users: Users
    api_keys: ApiKeys
    outside: OutsideIdentity
    revocations: Revocations
    denials: Denials
    console: ConsoleSignIns
    sessions: LiveSessions
    tail: ValkeyFeedTail
    admission: Admission
    corpus: Corpus
    embedder: Embedder
    names: NameRecogniser | None
    detector: Detector
    webhooks: Webhooks
    servers: McpServers
    kinds: ProcessExtractor


async def open_shared(on: Infrastructure, stack: AsyncExitStack) -> Shared:
    """All of it, closed by the stack."""
    settings, store = on.settings, on.store
    users = Users(store.vault, PostgresUserNames(on.pool), store)
    stack.push_async_callback(users.close)
    tail = ValkeyFeedTail(on.cache, store.vault)
    denials = Denials(store)
    tenants = CachedTenants(store, denied=denials.note)
    names = open_names(settings, stack)
    outside = await stack.enter_async_context(outside_identity(settings))
    stack.push_async_callback(denials.store_noted, tenants)
    return Shared(
        tenants=tenants,
        users=users,
        outside=outside,
        revocations=await open_revocations(on, outside.longest_s),
        denials=denials,
        api_keys=ApiKeys(tenants, users, PostgresApiKeyUses(on.pool)),
        console=ValkeyConsoleSignIns(on.cache, derivation_secrets(settings)),
        sessions=LiveSessions(store, tail),
        tail=tail,
        admission=Admission(
            turns=settings.max_turns,
            turns_per_tenant=settings.max_turns_per_tenant,
            requests_per_minute=settings.requests_per_minute,
        ),
        corpus=PostgresCorpus(on.searches, store.vault, dimensions=settings.embedding_dimensions),
        embedder=open_embedder(settings, on.bedrock),
        names=names,
        detector=open_detector(settings, on.bedrock, names),
        servers=SdkMcpServers(loopback=settings.webhooks_to_loopback, hosts=settings.webhook_hosts),
        webhooks=await stack.enter_async_context(
            open_webhooks(loopback=settings.webhooks_to_loopback, hosts=settings.webhook_hosts)
        ),
        kinds=await stack.enter_async_context(open_extractor(max_pages=0, queue_s=SNIFF_S)),
    )


async def open_revocations(on: Infrastructure, outside_s: float) -> Revocations:
    """All that hold now; before they are known nobody is let in. `outside_s`: how long a token of others may live."""
    longest_s = max(on.settings.longest_credential_s, outside_s + 60)
    revocations = Revocations(PostgresRevocations(on.first, on.store.lanes), longest_s)
    await revocations.refresh()
    return revocations


def open_embedder(settings: Settings, bedrock: Bedrock) -> BedrockEmbedder:
    """Vectors by the model and of the size that the settings name."""
    return BedrockEmbedder(bedrock.http, settings.model_embedding, settings.embedding_dimensions)


def open_names(settings: Settings, stack: AsyncExitStack) -> NameRecogniser | None:
    """The recogniser of names, where it is installed and wanted. Its process is started with the first text."""
    if settings.names == "off" or find_weights() is None:
        return None
    names = NameRecogniser(default_socket())
    stack.push_async_callback(names.close)
    return names


def open_detector(settings: Settings, bedrock: Bedrock, names: NameRecogniser | None) -> Detector:
    """What finds private values: our rules, beside them the recogniser of names where it is, and a guardrail of
    Bedrock's where one is named."""
    rules: Detector = RuleDetector()
    if names is not None:
        rules = WithNames(rules, names, event_metrics.names_away.inc)
    if not settings.guardrail:
        return rules
    name, _, version = settings.guardrail.partition(":")
    return CombinedDetector((rules, GuardrailsDetector(bedrock.client, name, version or "DRAFT")))


def watched_walls(stack: AsyncExitStack) -> ParserWalls:
    """What is known of the walls round parsers: they are tried while the process goes on."""
    walls, tasks = ParserWalls(walls_here), TaskSet("parser_walls")
    stack.push_async_callback(tasks.end)
    tasks.start(walls.look())
    return walls
