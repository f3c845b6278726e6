"""Opens the room of tenants: themselves, and what their admins give them."""

from __future__ import annotations

from adapters.postgres.tenants import PostgresTenantDirectory
from adapters.tabular.reader import ProcessTableReader
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.services import TenantServices
from application.tenants.close_tenant import CloseTenantHandler
from application.tenants.create_api_key import CreateApiKeyHandler
from application.tenants.create_tenant import CreateTenantHandler
from application.tenants.delete_assistant import DeleteAssistantHandler
from application.tenants.delete_dataset import DeleteDatasetHandler
from application.tenants.delete_tool import DeleteToolHandler
from application.tenants.put_assistant import PutAssistantHandler
from application.tenants.put_budget import PutBudgetHandler
from application.tenants.put_collection import DeleteCollectionHandler, PutCollectionHandler
from application.tenants.put_dataset import PutDatasetHandler
from application.tenants.put_retention import PutRetentionHandler
from application.tenants.put_tool import PutToolHandler
from application.tenants.revoke_api_key import RevokeApiKeyHandler
from application.tenants.revoke_tokens import RevokeTokensHandler
from application.tenants.service_accounts import ServiceAccounts


def open_tenants(on: Infrastructure, shared: Shared) -> TenantServices:
    """What routes of tenants, assistants, tools, datasets and budgets work with."""
    store, known, datasets = on.store, shared.tenants, on.datasets
    directory = PostgresTenantDirectory(on.pool)
    return TenantServices(
        known=known,
        directory=directory,
        sealer=store.vault,
        create_tenant=CreateTenantHandler(store, store.vault, shared.corpus, directory, shared.users),
        put_assistant=PutAssistantHandler(store, known),
        put_tool=PutToolHandler(store, known, datasets, shared.webhooks, store.vault, shared.servers),
        put_dataset=PutDatasetHandler(store, known, datasets, ProcessTableReader()),
        put_budget=PutBudgetHandler(store, known),
        put_retention=PutRetentionHandler(store, known),
        put_collection=PutCollectionHandler(store, known, shared.users),
        delete_collection=DeleteCollectionHandler(store, known, shared.corpus),
        delete_assistant=DeleteAssistantHandler(store, known),
        delete_tool=DeleteToolHandler(store, known),
        delete_dataset=DeleteDatasetHandler(store, known, datasets),
        create_api_key=CreateApiKeyHandler(store, known, shared.users),
        revoke_api_key=RevokeApiKeyHandler(store, known, shared.api_keys),
        service_accounts=ServiceAccounts(store, known, shared.users, shared.api_keys),
        revoke_tokens=RevokeTokensHandler(store, known, shared.users, shared.revocations),
        close_tenant=CloseTenantHandler(store, known, directory, shared.users, shared.revocations),
    )
