"""What happens to turns and views when a part is killed or away."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import httpx
import pytest

from api.client import Backoff, Colloquy
from api.client import frames as f
from infra.bench.harness.handbook import QUESTION
from infra.bench.harness.installation import Installed
from infra.local.endpoints import read_installation
from tests.journeys.conftest import GONE, chatting, hold_answers, reading, set_pace

pytestmark = pytest.mark.real
TERMINAL = ("turn.completed", "turn.failed")


def pid_of(ours: Installed, part: str, number: int = 0) -> int:
    """The part's process now, of several API servers one; it changes when it is started again."""
    pids = read_installation(ours.data_dir)["pids"][part]
    return int(pids[number] if isinstance(pids, list) else pids)


async def back_again(ours: Installed, old: int, number: int = 0) -> None:
    """Until an API server answers in a new process."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with httpx.AsyncClient(timeout=2) as http:
                    ready = (await http.get(f"{ours.urls[number]}/health/ready")).status_code == 200
            except httpx.HTTPError:
                ready = False
            if ready and pid_of(ours, "api", number) != old:
                return
            await asyncio.sleep(0.1)


async def test_loops_of_the_jobs_behind_are_parts(ours: Installed) -> None:
    wanted = {"relay", "relay_0", "project", "project_costs_0", "orders_audit", "ingest", "document_claims"}
    async with asyncio.timeout(60), httpx.AsyncClient(timeout=5) as http:
        while True:
            parts = (await http.get(f"{ours.url}/health/ready")).json()["parts"]
            if wanted <= {name for name, part in parts.items() if part["status"] == "ok"}:
                break
            await asyncio.sleep(0.5)
    assert not any(parts[name]["needed"] for name in wanted)


async def test_a_turn_survives_its_process_and_a_client_of_the_library_sees_no_seam(ours: Installed) -> None:
    hold_answers(ours)
    backoff = Backoff(first_s=0.5, most_s=2.0, tries=100)
    async with Colloquy(ours.url, ours.tokens(1)[0]) as colloquy, colloquy.chat(backoff=backoff) as chat:
        text, ends, old = "", [], 0
        async for frame in chat.ask(QUESTION, id="k", cache="bypass"):
            if isinstance(frame, f.Delta):
                text += frame.delta
                if not old:
                    old = pid_of(ours, "api")
                    os.kill(old, signal.SIGKILL)
                    set_pace(ours)
            elif isinstance(frame, f.Reset):
                text = ""
            elif isinstance(frame, f.Completed | f.Failed):
                ends.append(frame)
        (done,) = ends
        assert isinstance(done, f.Completed) and done.text == text
        await back_again(ours, old)
        assert (await chat.answer("And who pays for the postage?", cache="bypass")).text


async def test_a_clean_stop_lets_a_turn_finish(ours: Installed) -> None:
    hold_answers(ours)
    async with chatting(ours) as chat:
        await chat.open()
        await chat.send(type="turn.create", id="d", text=QUESTION)
        await chat.until("turn.delta")
        old = pid_of(ours, "api")
        os.kill(old, signal.SIGTERM)
        await chat.until("session.draining")
        set_pace(ours)
        done = await chat.until(*TERMINAL)
        assert (done["type"], done["text"]) == ("turn.completed", chat.text)
        with pytest.raises(GONE) as closed:
            await chat.receive()
        assert closed.value.close_code == 1012
    await back_again(ours, old)


async def test_without_nats_turns_go_on_and_the_views_catch_up(ours: Installed) -> None:
    set_pace(ours)
    nats = pid_of(ours, "nats")
    os.kill(nats, signal.SIGSTOP)
    try:
        async with chatting(ours) as chat:
            await chat.open()
            assert (await chat.ask("n", QUESTION))["type"] == "turn.completed"
    finally:
        os.kill(nats, signal.SIGCONT)
    with reading(ours, "member") as http:
        async with asyncio.timeout(60):
            while http.get(f"/v1/sessions/{chat.session_id}/turns").status_code != 200:  # noqa: ASYNC110  # another process
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("name", ["session_view", "costs", "audit"])
async def test_a_rebuilt_read_model_equals_the_live_one(ours: Installed, name: str) -> None:
    command = (sys.executable, "-m", "api.cli", "projections", "verify", name, "--data-dir", str(ours.data_dir))
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert b"equal a fresh build" in out
