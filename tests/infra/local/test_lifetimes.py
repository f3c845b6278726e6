"""Nothing outlives the stack, whoever is killed; what dies by itself is started again; one owner a data directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.local.endpoints import installation_environment, write_installation
from infra.local.installation import throwaway_data_dir
from infra.local.stack import Stack, running, start
from tests.infra.local.waiting import all_gone, running_below, wait_until

pytestmark = pytest.mark.real


Parent = tuple[subprocess.Popen[str], dict[str, int]]


@contextmanager
def parent_of(data_dir: Path, python: Path | str, uid: int | None = None, gid: int | None = None) -> Iterator[Parent]:
    """A process that owns a stack, and the pids in it."""
    command = [str(python), "-m", "tests.infra.local.stack_in_a_process", str(data_dir)]
    groups: list[int] | None = None if uid is None else []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, user=uid, group=gid, extra_groups=groups
    ) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
        process.kill()


@pytest.fixture
def parent(data_dir: Path) -> Iterator[Parent]:
    """A process that owns a stack."""
    with parent_of(data_dir, sys.executable) as found:
        yield found


def test_everything_ends_with_the_parent(parent: Parent, data_dir: Path) -> None:
    process, pids = parent
    process.kill()
    wait_until(lambda: all_gone(pids.values()), "all children of a killed parent are gone")
    wait_until(lambda: not running_below(data_dir), "nothing runs on the data directory")


def test_everything_ends_with_the_guardian(parent: Parent, data_dir: Path) -> None:
    _, pids = parent
    os.kill(pids["guardian"], signal.SIGKILL)
    wait_until(lambda: all_gone(pids.values()), "all children of a killed guardian are gone")
    wait_until(lambda: not running_below(data_dir), "nothing runs on the data directory")


def test_everything_ends_when_parent_and_guardian_are_killed_at_once(parent: Parent, data_dir: Path) -> None:
    process, pids = parent
    os.kill(pids["guardian"], signal.SIGKILL)
    process.kill()
    wait_until(lambda: all_gone(pids.values()), "all are gone")
    with running(data_dir, without=ALL):  # sweeps what the jobs had started
        pass
    wait_until(lambda: not running_below(data_dir), "nothing runs on the data directory")


@pytest.fixture(scope="module")
def whole() -> Iterator[Stack]:
    """A stack with all its servers."""
    with throwaway_data_dir() as data_dir, running(data_dir) as stack:
        yield stack


@pytest.mark.parametrize("part", ["postgres", "nats", "valkey", "aws", "bedrock"])
def test_a_killed_server_is_started_again_at_the_same_place(part: str, whole: Stack) -> None:
    before = dict(whole.pids)
    os.kill(before[part], signal.SIGKILL)
    wait_until(lambda: bool(whole.news(1)) and whole.pids[part] != before[part], f"{part} runs again")
    if part == "postgres":
        wait_until(lambda: answers(whole.endpoints.database_url), "it answers again")
    assert {n: p for n, p in whole.pids.items() if n != part} == {n: p for n, p in before.items() if n != part}


def answers(database_url: str) -> bool:
    try:
        with psycopg.connect(database_url, connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def test_a_job_that_cannot_be_kept_running_is_told_with_the_end_of_its_log(data_dir: Path) -> None:
    with running(data_dir, without=ALL) as stack:
        stack.start_job("job", [sys.executable, "-c", "raise SystemExit('no such luck')"], {"PATH": "/usr/bin:/bin"})
        with pytest.raises(RuntimeError, match=r"job ended 5 times within a minute(.|\n)*no such luck"):
            wait_until(lambda: stack.news(1) is not None and False, "a failure")


ALL = frozenset({"postgres", "nats", "valkey", "aws", "bedrock"})


def test_jobs_are_stopped_before_servers_and_have_their_time(data_dir: Path) -> None:
    job = (
        "import signal, sys, psycopg\n"
        "def end(*_):\n"
        "    with psycopg.connect(sys.argv[1]) as c: c.execute('SELECT 1')\n"
        "    open(sys.argv[2], 'w').write('drained'); sys.exit(0)\n"
        "signal.signal(15, end); open(sys.argv[2], 'w').write('running'); signal.pause()\n"
    )
    note = data_dir.parent / "note"
    with running(data_dir, without=ALL - {"postgres"}) as stack:
        stack.start_job("job", [sys.executable, "-c", job, stack.endpoints.database_url, str(note)], dict(os.environ))
        wait_until(lambda: note.exists() and note.read_text() == "running", "the job runs")
    assert note.read_text() == "drained"


def test_a_second_one_on_the_directory_is_told_who_runs_there(data_dir: Path) -> None:
    with running(data_dir, without=ALL) as stack:
        write_installation(data_dir, {"url": "http://127.0.0.1:8123", "environment": {"COLLOQUY_PORT": "8123"}})
        assert installation_environment(data_dir) == {"COLLOQUY_PORT": "8123"}
        with pytest.raises(
            RuntimeError, match=rf"already running on .*process {os.getpid()}, at http://127.0.0.1:8123"
        ):
            start(data_dir, fast=True, without=ALL)
        assert not all_gone([stack.pids["guardian"]])
    assert installation_environment(data_dir) == {}


def test_the_record_of_a_killed_installation_does_not_count(data_dir: Path) -> None:
    with running(data_dir, without=ALL) as stack:
        write_installation(data_dir, {"url": "http://127.0.0.1:8123", "environment": {"COLLOQUY_PORT": "8123"}})
        os.kill(stack.pids["guardian"], signal.SIGKILL)
        wait_until(lambda: all_gone([stack.pids["guardian"]]), "the guardian is gone")
        assert installation_environment(data_dir) == {}
