"""A process's services on fakes: enough for every route of the shell, without a database or a network."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import tempfile
import time
import typing
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx

from adapters.files.scratch import UnnamedFiles
from adapters.in_process.tickets import InMemoryTickets
from adapters.jose.outside_identity import OidcIdentity
from api.composition.token_wiring import create_token_keys, link_audience, token_issuer, token_verifier
from api.connections.address_limits import address_limits
from api.connections.frame_rates import FrameRates
from api.connections.listening import listen
from api.connections.registry import Sockets
from api.connections.told_to_wait import ToldToWait
from api.readiness import Readiness
from api.security.cookies import csrf_token
from api.server.app import App
from api.server.connection_end import Deadlines
from api.server.run import DrainingServer, server_config
from api.services import Services
from api.settings import Settings
from api.telemetry.metrics import MetricsText
from application.budget.budget_gate import BudgetGate
from application.budget.process_limits import Admission
from application.byte_room import ByteRoom
from application.clock import now
from application.denials import Denials
from application.gateway.health import Health
from application.revocations import Revocations
from application.tenants.api_keys import ApiKeys
from application.tenants.cached_tenants import CachedTenants
from application.tenants.close_tenant import CloseTenantHandler
from application.tenants.create_api_key import CreateApiKeyHandler
from application.tenants.create_tenant import CreateTenantHandler
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.tenants.put_assistant import PutAssistantHandler
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from application.tenants.revoke_tokens import RevokeTokensHandler
from application.tenants.service_accounts import ServiceAccounts
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from domain.access import PLATFORM_TENANT, Identity
from tests.fakes.fixed_spending import FixedSpending
from tests.fakes.in_memory_api_key_uses import InMemoryApiKeyUses
from tests.fakes.in_memory_console_sign_ins import InMemoryConsoleSignIns
from tests.fakes.in_memory_directory import InMemoryDirectory
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_reservations import InMemoryReservations
from tests.fakes.in_memory_revocations import InMemoryRevocations
from tests.fakes.in_memory_sealer import InMemorySealer
from tests.fakes.in_memory_user_names import users_on

TENANT = "01977c9e-1111-7000-8000-000000000001"


class NotedTenants:
    """Keys and corpora: only which tenants have them."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.corpora: set[str] = set()

    async def create_tenant_key(self, tenant: str) -> None:
        self.keys.add(tenant)

    async def provision(self, tenant: str) -> None:
        self.corpora.add(tenant)


class QuickDrain:
    """Nothing runs, so nothing is waited for; `hold` makes it wait as a running turn would."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self.hold = asyncio.Event()
        self.hold.set()

    async def __call__(self, grace_s: float) -> None:
        self.called.set()
        await asyncio.wait_for(self.hold.wait(), grace_s)


def make_services(data_dir: Path | str | None = None, **changes: Any) -> Services:
    """Services on fakes. What a test does not give and the shell does not use is None."""
    given = {"data_dir": str(data_dir or tempfile.mkdtemp(prefix="colloquy-")), **changes.pop("settings", {})}
    settings = Settings(**given)
    create_token_keys(settings)
    store, noted, directory = InMemoryEventStore(), NotedTenants(), InMemoryDirectory()
    denials = Denials(store)
    tenants, users = CachedTenants(store, denied=denials.note), users_on(InMemorySealer(store.shredded), store)
    revocations = Revocations(InMemoryRevocations(), settings.longest_credential_s)
    keys = ApiKeys(tenants, users, InMemoryApiKeyUses())
    admission = Admission(turns=10, turns_per_tenant=5, requests_per_minute=settings.requests_per_minute)
    parts: dict[str, Any] = {
        "store": store,
        "corpus": noted,
        "known": tenants,
        "directory": directory,
        "tickets": InMemoryTickets(),
        "verifier": token_verifier(settings),
        "link_verifier": token_verifier(settings, link_audience(settings)),
        "console": InMemoryConsoleSignIns(),
        "users": users,
        "outside": OidcIdentity([], httpx.AsyncClient()),
        "revocations": revocations,
        "denials": denials,
        "revoke_tokens": RevokeTokensHandler(store, tenants, users, revocations),
        "close_tenant": CloseTenantHandler(store, tenants, directory, users, revocations),
        "api_keys": keys,
        "create_api_key": CreateApiKeyHandler(store, tenants, users),
        "revoke_api_key": RevokeApiKeyHandler(store, tenants, keys),
        "service_accounts": ServiceAccounts(store, tenants, users, keys),
        "create_tenant": CreateTenantHandler(store, noted, noted, directory, users),  # type: ignore[arg-type]
        "put_assistant": PutAssistantHandler(store, tenants),
        "delete_assistant": DeleteAssistantHandler(store, tenants),
        "admission": admission,
        "budgets": BudgetGate(tenants, admission, InMemoryReservations(now=now()), FixedSpending()),
        "sockets": Sockets(5, 2),
        "addresses": address_limits(settings),
        "frames": FrameRates(settings.frames_per_minute),
        "told_to_wait": ToldToWait(),
        "scratch": UnnamedFiles(settings.spool_path),
        "text_room": ByteRoom(places=8, size=64 * 1024 * 1024),
        "upload_room": ByteRoom(places=8, size=64 * 1024 * 1024),
        "readiness": Readiness({}, dict),
        "drain": QuickDrain(),
        "cancel_turn": CancelTurnHandler(),
        "confirm_tool": ConfirmToolHandler(),
        "note_audit_read": NoteAuditReadHandler(store),
        "models": Health(time.monotonic),
        "metrics": MetricsText(),
    }
    return grouped(settings, parts | changes)


def grouped(settings: Settings, parts: dict[str, Any]) -> Services:
    """Services out of parts by their names, each in its group; TypeError names parts that there are not."""
    rest, groups = dict(parts), dict[str, Any]()
    for name, group in typing.get_type_hints(Services).items():
        if dataclasses.is_dataclass(group):
            made = {field.name: rest.pop(field.name, None) for field in dataclasses.fields(group)}
            groups[name] = cast(Any, group)(**made)
    services = Services(settings=settings, store=rest.pop("store"), **groups)
    if rest:
        raise TypeError(f"no group of services has {', '.join(rest)}")
    return services


def replaced(services: Services, **changes: Any) -> Services:
    """The same services but for some parts."""
    parts: dict[str, Any] = {"store": services.store}
    for group in (getattr(services, field.name) for field in dataclasses.fields(services)):
        if dataclasses.is_dataclass(group):
            parts |= {field.name: getattr(group, field.name) for field in dataclasses.fields(group)}
    return grouped(services.settings, parts | changes)


def bearer(
    services: Services, roles: Sequence[str] = ("member",), tenant: str = TENANT, user: str = "ada"
) -> dict[str, str]:
    """The Authorization header of a user with these roles."""
    issuer = token_issuer(services.settings)
    made = issuer.issue(tenant=tenant, user=user, roles=list(roles), ttl_s=600)
    return {"Authorization": f"Bearer {made.token}"}


async def browsing(services: Services, roles: Sequence[str] = ("member",), tenant: str = TENANT) -> dict[str, str]:
    """The headers of a page of the console at http://colloquy, of somebody who is signed in there."""
    identity = Identity(tenant, "ada", frozenset(roles), time.time() + 600, "browser")
    secret = await services.access.console.begin(identity)
    return {
        "cookie": f"colloquy-console-80={secret}",
        "x-colloquy-csrf": csrf_token(secret),
        "origin": "http://colloquy",
    }


def operator(services: Services) -> dict[str, str]:
    """The Authorization header of the platform's operator."""
    return bearer(services, ["operator"], PLATFORM_TENANT)


@asynccontextmanager
async def serving(
    services: Services,
    deadlines: Deadlines = Deadlines(),  # noqa: B008  # frozen
) -> AsyncIterator[tuple[str, DrainingServer]]:
    """A real server on a free port, in this loop; `host:port` and the server."""
    listener: socket.socket = listen("127.0.0.1", 0)
    server = DrainingServer(server_config(services, deadlines), services)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0.005)
        host, port = listener.getsockname()
        yield f"{host}:{port}", server
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, 20)


def asgi(services: Services, **named: Any) -> httpx.ASGITransport:
    """A transport that calls the app of these services in this loop."""
    return httpx.ASGITransport(cast(Any, App(services)), **named)
