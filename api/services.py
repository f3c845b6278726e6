"""What a running process has to work with, in groups by who uses it; built by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.connections.address_limits import AddressLimits
from api.connections.frame_rates import FrameRates
from api.connections.registry import Sockets
from api.connections.told_to_wait import ToldToWait
from api.readiness import Readiness
from api.settings import Settings
from api.telemetry.metrics import MetricsText
from application.budget.budget_gate import BudgetGate
from application.budget.process_limits import Admission
from application.byte_room import ByteRoom
from application.denials import Denials
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.embed_texts import EmbedTextsHandler
from application.documents.move_document import MoveDocumentHandler
from application.documents.readable_documents import ReadableDocuments
from application.documents.reread_document import RereadDocumentHandler
from application.documents.search_documents import SearchDocumentsHandler
from application.erasure.erase_own import EraseOwn
from application.erasure.erase_tenant import EraseTenant
from application.erasure.erase_user import EraseUser
from application.erasure.expire import Expire
from application.exchanges.ask import AskHandler
from application.exchanges.follow import FollowHandler
from application.files.add_file import AddFileHandler
from application.files.delete_file import DeleteFile
from application.files.file_links import FileLinks
from application.files.open_file import OpenFile
from application.gateway.health import Health
from application.incidents.change_incident import ChangeIncidentHandler
from application.incidents.evidence import Evidence
from application.incidents.raise_incident import RaiseIncident
from application.ports.documents.corpus import DocumentRegister
from application.ports.facts.audit_heads import HeadVerifier
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.files.blobs import Blobs
from application.ports.files.file_register import FileRegister
from application.ports.files.scratch import Scratch
from application.ports.incidents.incident_register import IncidentRegister
from application.ports.people.console_sign_ins import ConsoleSignIns
from application.ports.people.outside_identity import OutsideIdentity
from application.ports.people.tickets import Tickets
from application.ports.people.tokens import TokenVerifier
from application.ports.tenants.tenants import TenantDirectory, Tenants
from application.replicas.follow_others import FollowOthers
from application.revocations import Revocations
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tenants.api_keys import ApiKeys
from application.tenants.close_tenant import CloseTenantHandler
from application.tenants.create_api_key import CreateApiKeyHandler
from application.tenants.create_tenant import CreateTenantHandler
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.delete_dataset import DeleteDatasetHandler
from application.tenants.delete_tool import DeleteToolHandler
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.tenants.put_assistant import PutAssistantHandler
from application.tenants.put_budget import PutBudgetHandler
from application.tenants.put_collection import DeleteCollectionHandler, PutCollectionHandler
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_incident_webhook import PutIncidentWebhookHandler
from application.tenants.put_retention import PutRetentionHandler
from application.tenants.put_tool import PutToolHandler
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from application.tenants.revoke_tokens import RevokeTokensHandler
from application.tenants.service_accounts import ServiceAccounts
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.drain import Drain
from application.turns.give_feedback import GiveFeedbackHandler
from application.users import Users
from projections.audit_reads import AuditReads
from projections.audit_tree.export import AuditExport
from projections.audit_tree.proofs import TreeProofs
from projections.cost_reads import CostReads
from projections.operations_reads import OperationsReads
from projections.session_reads import SessionReads


@dataclass(frozen=True, kw_only=True)
class AccessServices:
    """Who somebody is: what the guard and the signing in work with."""

    verifier: TokenVerifier
    link_verifier: TokenVerifier
    tickets: Tickets
    console: ConsoleSignIns
    api_keys: ApiKeys
    users: Users
    outside: OutsideIdentity
    revocations: Revocations
    denials: Denials


@dataclass(frozen=True, kw_only=True)
class EdgeServices:
    """What every request, body and connection passes, and what tells of the process."""

    admission: Admission
    budgets: BudgetGate
    sockets: Sockets
    addresses: AddressLimits
    frames: FrameRates
    told_to_wait: ToldToWait
    upload_room: ByteRoom
    scratch: Scratch
    readiness: Readiness
    models: Health
    operations: OperationsReads
    metrics: MetricsText


@dataclass(frozen=True, kw_only=True)
class SessionServices:
    """Sessions as they live; how they were is read from `ReadServices`."""

    live: LiveSessions
    watching: FollowOthers
    open_session: OpenSessionHandler
    rename_session: RenameSessionHandler
    fork_session: ForkSessionHandler
    erase_session: EraseSessionHandler


@dataclass(frozen=True, kw_only=True)
class TurnServices:
    """What users do with turns, and how they all end."""

    create_turn: CreateTurnHandler
    cancel_turn: CancelTurnHandler
    confirm_tool: ConfirmToolHandler
    give_feedback: GiveFeedbackHandler
    drain: Drain


@dataclass(frozen=True, kw_only=True)
class ExchangeServices:
    """Turns for clients that send the whole conversation with each question."""

    ask: AskHandler
    follow: FollowHandler


@dataclass(frozen=True, kw_only=True)
class DocumentServices:
    """Documents, from upload to search."""

    add_document: AddDocumentHandler
    delete_document: DeleteDocumentHandler
    reread_document: RereadDocumentHandler
    move_document: MoveDocumentHandler
    collections: ReadableDocuments
    search_documents: SearchDocumentsHandler
    embed_texts: EmbedTextsHandler
    corpus: DocumentRegister
    blobs: Blobs
    text_room: ByteRoom


@dataclass(frozen=True, kw_only=True)
class FileServices:
    """Members' files, from upload to deletion."""

    add_file: AddFileHandler
    delete_file: DeleteFile
    open_file: OpenFile
    links: FileLinks
    register: FileRegister


@dataclass(frozen=True, kw_only=True)
class IncidentServices:
    """Incidents, from raising to closing, with their evidence."""

    raise_incident: RaiseIncident
    change_incident: ChangeIncidentHandler
    evidence: Evidence
    incident_register: IncidentRegister
    put_webhook: PutIncidentWebhookHandler


@dataclass(frozen=True, kw_only=True)
class TenantServices:
    """Tenants, and what their admins give them: assistants, tools, datasets, budgets, keys."""

    known: Tenants
    directory: TenantDirectory
    sealer: Sealer
    create_tenant: CreateTenantHandler
    put_assistant: PutAssistantHandler
    put_tool: PutToolHandler
    put_dataset: PutDatasetHandler
    put_budget: PutBudgetHandler
    put_retention: PutRetentionHandler
    put_collection: PutCollectionHandler
    delete_collection: DeleteCollectionHandler
    delete_assistant: DeleteAssistantHandler
    delete_tool: DeleteToolHandler
    delete_dataset: DeleteDatasetHandler
    create_api_key: CreateApiKeyHandler
    revoke_api_key: RevokeApiKeyHandler
    service_accounts: ServiceAccounts
    revoke_tokens: RevokeTokensHandler
    close_tenant: CloseTenantHandler


@dataclass(frozen=True, kw_only=True)
class ReadServices:
    """Read models, and the note that somebody looked."""

    session_reads: SessionReads
    costs: CostReads
    audit: AuditReads
    tree: TreeProofs
    export: AuditExport
    head_keys: HeadVerifier
    note_audit_read: NoteAuditReadHandler


@dataclass(frozen=True, kw_only=True)
class ErasureServices:
    """What is erased, by wish or because its time is over."""

    erase_own: EraseOwn
    erase_user: EraseUser
    erase_tenant: EraseTenant
    expire: Expire


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every part of the process that a route may use."""

    settings: Settings
    store: EventStore
    access: AccessServices
    edge: EdgeServices
    sessions: SessionServices
    turns: TurnServices
    exchanges: ExchangeServices
    documents: DocumentServices
    files: FileServices
    incidents: IncidentServices
    tenants: TenantServices
    erasure: ErasureServices
    reads: ReadServices


SERVICES = "colloquy.services"
"""Where the scope of a connection holds them."""


def services_of(scope: Any) -> Services:
    """Those of the app that a connection came to."""
    found: Services = scope[SERVICES]
    return found
