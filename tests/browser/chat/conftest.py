"""The page "Chat" is tested with models that answer quickly until a test says otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from infra.bench.harness.installation import Installed
from tests.browser.asking import QUICK
from tests.browser.conftest import set_pace


@pytest.fixture(autouse=True)
def quick(ours: Installed) -> Iterator[None]:
    set_pace(ours, **QUICK)
    yield
    set_pace(ours, **QUICK)
    httpx.delete(f"{ours.bedrock_url}/control/faults", timeout=10)
