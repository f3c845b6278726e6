"""Webhooks that answer from a script and keep what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from application.ports.tools.webhooks import WebhookAnswer
from domain.refusals import InvalidField


@dataclass
class ScriptedWebhooks:
    """`answers` are given in turn, the last one ever after; exceptions are raised. Only https addresses may be."""

    answers: list[WebhookAnswer | Exception] = field(default_factory=lambda: [WebhookAnswer('{"ok":true}', True)])
    sent: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    async def check(self, url: str) -> None:
        if not url.startswith("https://"):
            raise InvalidField("webhook.url: https only")

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        self.sent.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer
