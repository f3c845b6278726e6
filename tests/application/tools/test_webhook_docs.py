"""What the documentation tells servers of webhooks to check is what is sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from application.tools.webhook_signature import shown_secret, signing_secret
from tests.application.tools.harness import LOOK_UP, TENANT, House, use

DOCS = Path(__file__).parents[3] / "infra" / "docs" / "webhooks.md"


async def test_the_snippet_takes_what_is_ours_and_nothing_else() -> None:
    house, told = House(), dict[str, Any]()
    (snippet,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    exec(snippet, told)
    is_ours = told["is_ours"]
    box = await house.box(look_up=LOOK_UP)
    await box.call(use("look_up", '{"id": 7}'))
    [(_, body, headers)] = house.webhooks.sent
    secret = shown_secret(await signing_secret(house.sealer, TENANT, "look_up"))
    assert is_ours(secret, headers, body)
    assert not is_ours(secret, headers | {"x-colloquy-user": "eve"}, body)
    assert not is_ours(secret, headers | {"x-colloquy-roles": "admin"}, body)
    assert not is_ours(secret, headers, b'{"id":8}')
