"""How a command reaches the running installation: its address, and a short-lived token made on the spot."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from typing import Any

import httpx

from api.composition.token_wiring import token_issuer
from api.settings import Settings, read_settings
from application.clock import monotonic

TOKEN_S = 300
RENEW_BEFORE_S = 60
TIMEOUT_S = 60.0
PATIENCE_S = 120.0


class LocalToken(httpx.Auth):
    """A token of this machine's own making, made anew before it expires."""

    def __init__(
        self, settings: Settings, tenant: str, user: str, roles: Sequence[str], groups: Sequence[str] = ()
    ) -> None:
        self._issuer = token_issuer(settings)
        self._ttl_s = min(TOKEN_S, settings.token_ttl_s)
        self._who: dict[str, Any] = {"tenant": tenant, "user": user, "roles": roles, "groups": groups}
        self._token, self._until = "", 0.0

    @property
    def token(self) -> str:
        """One that is good now."""
        import time

        if time.time() > self._until - min(RENEW_BEFORE_S, self._ttl_s / 2):
            made = self._issuer.issue(**self._who, ttl_s=self._ttl_s)
            self._token, self._until = made.token, float(made.expires_at)
        return self._token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See httpx: put it on every request."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        yield request


class Patient(httpx.HTTPTransport):
    """Comes back when a server that is busy, or a limit, says when: a command is in no hurry."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx. The last answer is given whatever it is."""
        import time

        ends = monotonic() + PATIENCE_S
        while True:
            answer = super().handle_request(request)
            wait_s = float(answer.headers.get("retry-after", 1))
            if answer.status_code not in (429, 503) or monotonic() + wait_s > ends:
                return answer
            answer.close()
            time.sleep(wait_s)


def base_url(settings: Settings) -> str:
    """Where the installation answers: COLLOQUY_URL, else what `colloquy up` wrote into the data directory;
    RuntimeError when nothing runs."""
    from infra.local.endpoints import read_installation

    given = os.environ.get("COLLOQUY_URL") or read_installation(settings.data_path).get("url")
    if not given:
        raise RuntimeError(f"nothing is running on {settings.data_dir}: start it with `colloquy up`")
    return str(given).rstrip("/")


def credentials(tenant: str, roles: Sequence[str], user: str = "cli") -> LocalToken:
    """A bearer for one user of one tenant, made with the installation's own keys."""
    return LocalToken(read_settings(), tenant, user, roles)


def connect(tenant: str, roles: Sequence[str], user: str = "cli", groups: Sequence[str] = ()) -> httpx.Client:
    """A client of the running installation; close it, or use it in a `with`."""
    url, auth = base_url(read_settings()), LocalToken(read_settings(), tenant, user, roles, groups)
    return httpx.Client(base_url=url, auth=auth, timeout=TIMEOUT_S, transport=Patient())


def speaker_at(url: str) -> str:
    """Who answers there where it is not Bedrock, as the installation says it; empty where it says nothing."""
    try:
        parts = httpx.get(f"{url}/health/ready", timeout=TIMEOUT_S).json()["parts"]
        return str(parts["bedrock"]["detail"]) if parts["bedrock"]["status"] == "ok" else ""
    except (httpx.HTTPError, ValueError, KeyError):
        return ""


def checked(answer: httpx.Response) -> Any:
    """The JSON of an answer; RuntimeError with the problem's own sentence when it is a refusal."""
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
        said = f"{problem['detail']} ({problem['code']}, trace {problem['trace_id']})"
    except (ValueError, KeyError, TypeError):
        said = f"status {answer.status_code}"
    raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {said}")
