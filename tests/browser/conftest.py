"""An installation and a browser for the console's tests; each page is watched for what no page may do."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from api.cli.console import sign_in_link
from api.settings import read_settings
from domain.access import ROLES
from infra.bench.harness.handbook import DOCUMENTS
from infra.bench.harness.installation import Installed, installed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WITHIN_MS = 20_000
expect.set_options(timeout=WITHIN_MS)
EVERY_ROLE = [role for role in ROLES if role != "operator"]
PICTURES = Path(__file__).parents[2] / "infra" / "docs" / "pictures"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These need a browser, and start servers."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.real)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no Chromium here: apt-get install chromium"))


@pytest.fixture(scope="package")
def ours() -> Iterator[Installed]:
    """Everything in one process tree for all of these tests, with two tenants that have documents. Whoever counts what
    a tenant has takes one of its own."""
    settings: dict[str, Any] = {"COLLOQUY_DRAIN_S": "5", "COLLOQUY_LOG_LEVEL": "info"}
    with installed(2, DOCUMENTS, COLLOQUY_WEBHOOKS_TO_LOOPBACK="1", **settings) as found:
        yield found


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The system's browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class Watch:
    """What went wrong in a page: errors on its console (policy violations are among them) and requests to others."""

    def __init__(self, home: str) -> None:
        self.home = urlsplit(home).netloc
        self.faults: list[str] = []
        self.urls: list[str] = []
        self.expected: list[str] = []

    def look_at(self, context: BrowserContext) -> None:
        context.on("console", lambda said: self.faults.extend([said.text] if said.type == "error" else []))
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", lambda request: self._requested(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._requested(socket.url)))

    def _requested(self, url: str) -> None:
        self.urls.append(url)
        if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != self.home:
            self.faults.append(f"a request to another host: {url}")

    def check(self) -> None:
        """Nothing went wrong but what the test made go wrong itself."""
        faults = [fault for fault in self.faults if not any(part in fault for part in self.expected)]
        assert faults == []


def sign_in_url(ours: Installed, roles: Sequence[str], *, tenant: str = "", user: str = "ada") -> str:
    """A link, made as `colloquy console` makes it."""
    settings = read_settings(data_dir=str(ours.data_dir))
    return sign_in_link(settings, ours.url, tenant or ours.tenants[0], user, roles)


def printed_url(ours: Installed, roles: Sequence[str], *, tenant: str = "", user: str = "ada") -> str:
    """A link, as `colloquy console` prints it."""
    command = [sys.executable, "-m", "api.cli", "console", "--json", "--tenant", tenant or ours.tenants[0]]
    options = ["--user", user, "--role", *roles, "--data-dir", str(ours.data_dir)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=True)
    return str(json.loads(done.stdout)["url"])


OpenContext = Callable[..., BrowserContext]


@contextmanager
def watched(ours: Installed, chromium: Browser, **options: object) -> Iterator[tuple[BrowserContext, Watch]]:
    """A browser of its own, with nobody signed in."""
    context = chromium.new_context(base_url=ours.url, **options)  # type: ignore[arg-type]
    context.set_default_timeout(WITHIN_MS)
    watch = Watch(ours.url)
    watch.look_at(context)
    try:
        yield context, watch
        watch.check()
    finally:
        context.close()


@contextmanager
def signed_in(
    ours: Installed,
    chromium: Browser,
    roles: Sequence[str] = EVERY_ROLE,
    *,
    tenant: str = "",
    user: str = "ada",
    **options: object,
) -> Iterator[tuple[Page, Watch]]:
    """A page of somebody who is signed in, on the first page that the roles open."""
    with watched(ours, chromium, **options) as (context, watch):
        page = context.new_page()
        page.goto(sign_in_url(ours, roles, tenant=tenant, user=user))
        page.wait_for_url(lambda url: "/console/sign-in" not in url)
        yield page, watch


class Cable:
    """The network between a browser and the server: a port that leads there, until it is cut."""

    def __init__(self, url: str) -> None:
        self.there = (urlsplit(url).hostname or "", urlsplit(url).port or 80)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.whole = threading.Event()
        self.whole.set()
        self.ends: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Whoever is connected is no more, and nobody comes through."""
        self.whole.clear()
        for end in list(self.ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """As before."""
        self.whole.set()

    def close(self) -> None:
        """For good."""
        self.cut()
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self.listener.accept()
                if not self.whole.is_set():
                    here.close()
                    continue
                there = socket.create_connection(self.there)
                for one, other in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        self.ends.add(one)
        with suppress(OSError):
            while piece := one.recv(65536):
                other.sendall(piece)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.ends.discard(one)
        one.close()


def serious(page: Page) -> list[str]:
    """What axe-core finds on the page that keeps somebody out."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def is_narrow(page: Page) -> bool:
    """Whether nothing of the page is wider than its window."""
    return bool(page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"))


def set_pace(ours: Installed, first_token_ms: float = 50, token_ms: float = 5) -> None:
    """How fast the Bedrock stand-in answers, also what it is saying now."""
    body = {"first_token_ms": first_token_ms, "token_ms": token_ms}
    httpx.post(f"{ours.bedrock_url}/control/pace", json=body, timeout=10).raise_for_status()
