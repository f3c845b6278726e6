"""The fixture of what members do with their sessions."""

from __future__ import annotations

import pytest

from domain.tenant.events import TenantCreated
from tests.api.harness import TENANT
from tests.api.http.caring import Caring


@pytest.fixture
async def caring() -> Caring:
    made = Caring()
    await made.write(TENANT, TenantCreated(name="Acme"), kind="tenant")
    return made
