"""Somebody outside hears of signed heads: by a request or by a command; what did not arrive is told of again."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import pytest

from adapters.hooks.audit_hook import CommandHook, UrlHook, open_hook
from domain.refusals import DependencyUnavailable
from tests.adapters.webhook.server import serving

pytestmark = pytest.mark.real
HEADS = ["a.b.c", "d.e.f"]
LINES = [{"jws": head} for head in HEADS]


def lines(body: bytes) -> list[dict[str, str]]:
    return [json.loads(line) for line in body.splitlines()]


def command(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


async def test_a_server_is_told_by_json_lines_and_any_answer_of_the_200s_takes_them() -> None:
    async with serving() as server:
        hook = open_hook(f"http://127.0.0.1:{server.port}/heads")
        assert isinstance(hook, UrlHook)
        await hook.tell(HEADS)
        [(headers, body)] = server.requests
        assert headers[""] == "POST /heads HTTP/1.1" and headers["content-type"] == "application/x-ndjson"
        assert lines(body) == LINES
        server.answer = b"HTTP/1.1 204 No Content\r\n\r\n"
        await hook.tell(HEADS)


@pytest.mark.parametrize("status", ["500 No", "302 Found\r\nlocation: http://127.0.0.1:1/", "404 Gone"])
async def test_a_server_that_did_not_take_them_is_told_again(status: str) -> None:
    async with serving() as server:
        server.answer = f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode()
        with pytest.raises(DependencyUnavailable):
            await UrlHook(f"http://127.0.0.1:{server.port}/").tell(HEADS)
        assert len(server.requests) == 1, "nobody is followed elsewhere"


async def test_a_server_that_is_silent_or_away_holds_nothing_up() -> None:
    async with serving() as server:
        server.silent = True
        with pytest.raises(DependencyUnavailable):
            await UrlHook(f"http://127.0.0.1:{server.port}/", 0.2).tell(HEADS)
    with pytest.raises(DependencyUnavailable):
        await UrlHook("http://127.0.0.1:1/").tell(HEADS)


async def test_a_command_reads_them_from_its_standard_input(tmp_path: Path) -> None:
    kept = tmp_path / "heads"
    hook = open_hook(command(f"import sys; open({str(kept)!r}, 'ab').write(sys.stdin.buffer.read())"))
    assert isinstance(hook, CommandHook)
    await hook.tell(HEADS)
    await hook.tell(HEADS)
    assert lines(kept.read_bytes()) == LINES * 2


@pytest.mark.parametrize(
    "asked", [command("raise SystemExit(3)"), "/nowhere/at-all", command("import time; time.sleep(60)")]
)
async def test_a_command_that_fails_is_not_there_or_does_not_end_is_told_again(asked: str) -> None:
    with pytest.raises(DependencyUnavailable):
        await CommandHook(asked, 1.0).tell(HEADS)


def test_without_a_setting_nobody_is_told() -> None:
    assert open_hook("") is None
