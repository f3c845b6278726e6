"""Fixtures of the HTTP shell: services on fakes, and a client that calls the app in this loop."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from api.services import Services
from tests.api.harness import asgi, make_services


# The framework takes long to put an app together: the tests of a file share one, and leave it as it was.
@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return make_services(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    # The app answers failures itself; a failure that reaches the transport is a failure of the test.
    transport = asgi(services)
    async with httpx.AsyncClient(transport=transport, base_url="http://colloquy") as found:
        yield found
