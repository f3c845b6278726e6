"""What a running process has to work with: the ports, opened; built by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from api.connections.address_limits import AddressLimits
from api.connections.frame_rates import FrameRates
from api.connections.registry import Sockets
from api.readiness import Readiness
from api.settings import Settings
from api.telemetry.metrics import Page
from application.budget.budget_gate import BudgetGate
from application.budget.process_limits import Admission
from application.byte_room import ByteRoom
from application.documents.add_document import AddDocumentHandler
from application.documents.delete_document import DeleteDocumentHandler
from application.documents.search_documents import SearchDocumentsHandler
from application.ports.blobs import Blobs
from application.ports.console_sign_ins import ConsoleSignIns
from application.ports.corpus import Corpus
from application.ports.event_store import EventStore
from application.ports.keys import Sealer
from application.ports.model import Embedder, LanguageModel
from application.ports.scratch import Scratch
from application.ports.tenants import TenantDirectory, Tenants
from application.ports.tickets import Tickets
from application.ports.tokens import TokenVerifier
from application.sessions.erase_session import EraseSessionHandler
from application.sessions.fork_session import ForkSessionHandler
from application.sessions.live_session import LiveSessions
from application.sessions.open_session import OpenSessionHandler
from application.sessions.rename_session import RenameSessionHandler
from application.tenants.create_tenant import CreateTenantHandler
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.delete_dataset import DeleteDatasetHandler
from application.tenants.delete_tool import DeleteToolHandler
from application.tenants.note_audit_read import NoteAuditReadHandler
from application.tenants.put_assistant import PutAssistantHandler
from application.tenants.put_budget import PutBudgetHandler
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_tool import PutToolHandler
from application.turns.cancel_turn import CancelTurnHandler
from application.turns.confirm_tool import ConfirmToolHandler
from application.turns.create_turn import CreateTurnHandler
from application.turns.drain import Drain
from application.turns.give_feedback import GiveFeedbackHandler
from application.users import Users
from projections.audit_reads import AuditReads
from projections.cost_reads import CostReads
from projections.session_reads import SessionReads


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
    scratch: Scratch
    upload_room: ByteRoom
    text_room: ByteRoom
    pool: Any
    tenants: Tenants
    sessions: LiveSessions
    admission: Admission
    sockets: Sockets
    addresses: AddressLimits
    frames: FrameRates
    open_session: OpenSessionHandler
    create_turn: CreateTurnHandler
    cancel_turn: CancelTurnHandler
    confirm_tool: ConfirmToolHandler
    give_feedback: GiveFeedbackHandler
    drain: Drain
    verifier: TokenVerifier
    users: Users
    tickets: Tickets
    link_verifier: TokenVerifier
    console: ConsoleSignIns
    directory: TenantDirectory
    create_tenant: CreateTenantHandler
    put_assistant: PutAssistantHandler
    put_tool: PutToolHandler
    put_dataset: PutDatasetHandler
    delete_assistant: DeleteAssistantHandler
    delete_tool: DeleteToolHandler
    delete_dataset: DeleteDatasetHandler
    put_budget: PutBudgetHandler
    budgets: BudgetGate
    readiness: Readiness
    add_document: AddDocumentHandler
    delete_document: DeleteDocumentHandler
    search_documents: SearchDocumentsHandler
    rename_session: RenameSessionHandler
    fork_session: ForkSessionHandler
    erase_session: EraseSessionHandler
    session_reads: SessionReads
    costs: CostReads
    audit: AuditReads
    note_audit_read: NoteAuditReadHandler
    metrics: Page
