"""A data directory made by an earlier commit, opened by this checkout.

`python -m tests.infra.local.earlier_data COMMIT` takes some minutes. The commit's code, in a worktree with its own
packages, starts an installation and fills it: tenants, documents, turns, a budget, opinions, sessions that are erased.
Then this checkout's code starts on the same directory. What the API told before it must tell again, word by word; each
read model must equal a fresh build and, where its layout is the same, have the fingerprint that the earlier code
computed; the audit log must verify, and an old session must take a new turn.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import httpx
from websockets.asyncio.client import ClientConnection, connect

from infra.bench.harness.handbook import DOCUMENTS, QUESTION
from infra.local.child import ends_with_parent
from infra.local.installation import throwaway_data_dir
from tests.architecture.made_docs import ROOT

VIEWS = ("session_view", "costs", "audit")
WITHIN_S = 120.0
ROLES = ("member", "editor", "admin", "analyst", "auditor")
PEOPLE = ("ada", "grace")


class Code(NamedTuple):
    """A checkout, run by its own interpreter."""

    name: str
    folder: Path

    def command(self, *arguments: str) -> list[str]:
        """What runs `colloquy` out of it."""
        return [str(self.folder / ".venv" / "bin" / "python"), "-m", "api.cli", *arguments]

    def environment(self, data_dir: Path) -> dict[str, str]:
        """Nothing of the caller's own installation."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("COLLOQUY_", "AWS_"))}
        return kept | {"COLLOQUY_DATA_DIR": str(data_dir), "COLLOQUY_STAND_IN_HASHED_EMBEDDINGS": "1"}

    def run(self, data_dir: Path, *arguments: str) -> str:
        """What a command prints."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder, env=self.environment(data_dir), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        if done.returncode:
            raise click.ClickException(f"{self.name}: colloquy {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout


def path_of(program: str) -> str:
    """Where a program lies."""
    path = shutil.which(program)
    if path is None:
        raise click.ClickException(f"{program} is needed here")
    return path


@contextmanager
def checkout(commit: str) -> Iterator[Code]:
    """The commit in a worktree of its own, with the packages that it pins."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "earlier"
        worktree = [path_of("git"), "-C", str(ROOT), "worktree"]
        subprocess.run([*worktree, "add", "--quiet", "--detach", str(folder), commit], check=True)
        try:
            subprocess.run([path_of("make"), "-C", str(folder), "setup"], check=True, stdout=subprocess.DEVNULL)
            yield Code(commit, folder)
        finally:
            subprocess.run([*worktree, "remove", "--force", str(folder)], check=True)


class Running(NamedTuple):
    """An installation that runs by some code."""

    code: Code
    data_dir: Path
    url: str

    def token(self, tenant: str, user: str, *roles: str) -> str:
        """As its own command issues it."""
        who = ["--tenant", tenant, "--user", user, "--role", *roles]
        return self.code.run(self.data_dir, "token", "issue", *who).strip()

    def http(self, tenant: str, user: str = PEOPLE[0], roles: tuple[str, ...] = ROLES) -> httpx.Client:
        """Its API as somebody."""
        bearer = {"Authorization": f"Bearer {self.token(tenant, user, *roles)}"}
        return httpx.Client(base_url=self.url, headers=bearer, timeout=30)

    def standings(self) -> list[dict[str, Any]]:
        """Where its read models stand."""
        found: list[dict[str, Any]] = json.loads(self.code.run(self.data_dir, "projections", "status", "--json"))
        return found

    def caught_up(self) -> None:
        """Until nothing is behind."""
        until(
            lambda: {one["name"] for one in self.standings() if not one["lag_events"]} >= {*VIEWS},
            "the read models catch up",
        )

    def fingerprints(self) -> dict[str, dict[str, Any]]:
        """Of each read model: its layout, and the digests of its live rows and of a fresh build."""
        layouts = {one["name"]: one["version"] for one in self.standings()}
        told = {
            name: json.loads(self.code.run(self.data_dir, "projections", "verify", name, "--json")) for name in VIEWS
        }
        return {name: verdict | {"layout": layouts[name]} for name, verdict in told.items()}


@contextmanager
def running(code: Code, data_dir: Path) -> Iterator[Running]:
    """An installation that the code starts on the directory, stopped cleanly at the end."""
    process = subprocess.Popen(
        code.command("up", "--no-demo", "--json", "--port", "0", "--data-dir", str(data_dir)),
        cwd=code.folder,
        env=code.environment(data_dir),
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one system call
    )
    try:
        assert process.stdout is not None, "it is a pipe"
        line = process.stdout.readline()
        if not line:
            raise click.ClickException(f"{code.name} does not start on the directory: what it said stands above")
        yield Running(code, data_dir, json.loads(line)["url"])
    finally:
        process.terminate()
        process.wait(90)


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        if time.monotonic() > deadline:
            raise click.ClickException(f"not within {WITHIN_S:.0f} s: {what}")
        time.sleep(0.2)


def fill(here: Running) -> list[str]:
    """Two tenants with a bit of everything; their ids."""
    with here.http("_platform", "op", ("operator",)) as operator:
        tenants = [
            str(operator.post("/v1/tenants", json={"name": name}).raise_for_status().json()["tenant_id"])
            for name in ("Acme", "Globex")
        ]
    for tenant in tenants:
        with here.http(tenant) as http:
            bring(http)
            http.put("/v1/budget", json={"period": "month", "limit_usd": "1000"}).raise_for_status()
        for user in PEOPLE:
            token = here.token(tenant, user, "member")
            sessions = asyncio.run(talk_thrice(here.url, token))
            with here.http(tenant, user, ("member",)) as http:
                http.delete(f"/v1/sessions/{sessions[-1]}").raise_for_status()
    here.caught_up()
    return tenants


def bring(http: httpx.Client) -> None:
    """Documents, once they can be found."""
    ids = [
        http.post("/v1/documents", files={"file": (name, text.encode())}).raise_for_status().json()["document_id"]
        for name, text in DOCUMENTS.items()
    ]
    until(lambda: all(http.get(f"/v1/documents/{id}").json()["status"] == "indexed" for id in ids), "documents")


class Talk:
    """A session on a server of whatever age: only what it says by name is looked at."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0

    async def send(self, type: str, **fields: Any) -> None:
        """A frame."""
        await self._socket.send(json.dumps({"type": type, **fields}))

    async def until(self, type: str) -> dict[str, Any]:
        """The next frame of that type; ClickException when the server refuses something."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                frame: dict[str, Any] = json.loads(await self._socket.recv())
                if frame["type"] == type:
                    return frame
                if frame["type"] in ("error", "turn.failed"):
                    raise click.ClickException(f"the server says {frame}")

    async def ask(self, text: str) -> dict[str, Any]:
        """A question and how its turn ended."""
        self._asked += 1
        await self.send("turn.create", id=f"q{self._asked}-{os.getpid()}", text=text, cache="bypass")
        return await self.until("turn.completed")


@asynccontextmanager
async def talking(url: str, token: str, **opening: str) -> AsyncIterator[tuple[Talk, str]]:
    """A session, new or one that there is, and its id."""
    bearer = {"Authorization": f"Bearer {token}"}
    async with connect(f"ws{url[4:]}/v1/chat", additional_headers=bearer, proxy=None) as socket:
        talk = Talk(socket)
        await talk.send("session.open", **opening)
        yield talk, str((await talk.until("session.opened"))["session_id"])


async def talk_thrice(url: str, token: str) -> list[str]:
    """Three sessions of two turns each, with an opinion."""
    sessions = []
    for _ in range(3):
        async with talking(url, token) as (talk, session):
            done = await talk.ask(QUESTION)
            await talk.send("feedback.create", id="f", turn_id=done["turn_id"], rating="up")
            await talk.ask("And who pays for the postage?")
            sessions.append(session)
    return sessions


async def go_on(url: str, token: str, session: str) -> str:
    """A new turn of an old session."""
    async with talking(url, token, session_id=session) as (talk, _):
        return str((await talk.ask(QUESTION))["text"])


def told(here: Running, tenants: list[str]) -> dict[str, Any]:
    """What the API says that must not change: sessions with their turns, money, events, documents, the budget."""
    found: dict[str, Any] = {}
    for tenant in tenants:
        for user in PEOPLE:
            with here.http(tenant, user) as http:
                mine = http.get("/v1/sessions").raise_for_status().json()["sessions"]
                ids = [one["session_id"] for one in mine]
                turns = {id: http.get(f"/v1/sessions/{id}/turns").raise_for_status().json()["turns"] for id in ids}
                found[f"{tenant}/{user}"] = {"sessions": mine, "turns": turns}
        with here.http(tenant) as http:
            costs = http.get("/v1/costs/summary").raise_for_status().json()
            lines = http.get("/v1/costs/lines", params={"limit": 1000}).raise_for_status().json()["lines"]
            events = http.get("/v1/audit/events", params={"limit": 1000}).raise_for_status().json()["events"]
            found[tenant] = {
                "total_usd": costs["total_usd"],
                "lines": sorted(lines, key=lambda line: str(line["call_id"])),
                # Looking is itself an event, of which there are more each time.
                "events": {str(e["position"]): e for e in events if not e["kind"].startswith("audit.")},
                "documents": http.get("/v1/documents").raise_for_status().json()["documents"],
                "budget": http.get("/v1/budget").raise_for_status().json()["limit_usd"],
            }
    return found


def differences(before: Any, now: Any, at: str = "") -> list[str]:
    """Where what was told before is told otherwise; what is told in addition is none."""
    if isinstance(before, dict) and isinstance(now, dict):
        missing = [f"{at}/{key} is gone" for key in before if key not in now]
        return missing + [d for key in before if key in now for d in differences(before[key], now[key], f"{at}/{key}")]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [d for n, (b, a) in enumerate(zip(before, now, strict=True)) for d in differences(b, a, f"{at}/{n}")]
    return [] if before == now else [f"{at}: {before!r} is now {now!r}"]


def judge(before: dict[str, dict[str, Any]], now: dict[str, dict[str, Any]]) -> list[str]:
    """A line for each read model, and what is wrong with it."""
    wrong = []
    for name in VIEWS:
        old, new = before[name], now[name]
        same = old["layout"] == new["layout"]
        click.echo(f"{name:<14} layout {old['layout']} -> {new['layout']}")
        click.echo(f"  earlier live {old['live']}\n  now live     {new['live']}\n  now rebuilt  {new['rebuilt']}")
        if new["live"] != new["rebuilt"]:
            wrong.append(f"{name}: a fresh build differs from the live rows")
        if same and old["live"] != new["live"]:
            wrong.append(f"{name}: the layout is the same, and the fingerprint is another")
    return wrong


@click.command()
@click.argument("commit")
def main(commit: str) -> None:
    """Fill a data directory by the code of COMMIT, open it by this checkout's, and compare."""
    today = Code("this checkout", ROOT)
    with throwaway_data_dir() as data_dir, checkout(commit) as earlier:
        with running(earlier, data_dir) as here:
            tenants = fill(here)
            said = told(here, tenants)
            here.caught_up()  # with having been looked at, which is an event itself
            prints = here.fingerprints()
        with running(today, data_dir) as here:
            here.caught_up()
            wrong = judge(prints, here.fingerprints())  # before anybody looks at it
            wrong += differences(said, told(here, tenants))
            session = said[f"{tenants[0]}/{PEOPLE[0]}"]["sessions"][0]["session_id"]
            answer = asyncio.run(go_on(here.url, here.token(tenants[0], PEOPLE[0], "member"), session))
            wrong += [] if answer else ["an old session takes no new turn"]
            click.echo(today.run(data_dir, "audit", "verify", "--tenant", tenants[0]).strip())
    for line in wrong:
        click.echo(line)
    count = sum(len(one.get("turns", {})) for one in said.values())
    click.echo(f"{commit}: {count} sessions, {len(wrong)} things are otherwise than they were")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
