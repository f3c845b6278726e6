"""The database's log of changes kept outside of it, and a server of its own brought to any moment: PostgreSQL's own
base backup, write-ahead log and recovery."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import msgspec
import psycopg

from adapters.postgres.backup import Unlike, heads_of, lanes_of
from adapters.postgres.client_programs import as_environment, own_folder, path_of, run, unprivileged
from application.clock import monotonic

BASE, WAL = "base", "wal"
SLOT = "colloquy_backup"
STOP_S, START_S = 30, 3600
HOST = "127.0.0.1"


class AtMoment(msgspec.Struct, frozen=True):
    """A server of its own at a moment: its URL, how many facts it holds, and how long it took to have it."""

    database_url: str
    facts: int
    seconds: float


@contextmanager
def archiving(database_url: str, folder: Path, slot: str = SLOT) -> Iterator[subprocess.Popen[bytes]]:
    """Every change is written to `folder` as it happens, for as long as a block runs; by then there is a base to begin
    from, made now unless it is there. The slot stays at the server, which keeps for it what is not written here yet.

    The URL's role must be allowed to replicate (superuser or REPLICATION, and `pg_hba.conf`); Amazon RDS lets nobody
    and does the same by itself.
    """
    for place in (folder, folder / WAL):
        own_folder(place)
    told, who = as_environment(database_url), unprivileged()
    receive = (f"--directory={folder / WAL}", f"--slot={slot}", "--no-password")
    run("pg_receivewal", *receive, "--create-slot", "--if-not-exists", told=told, **who)
    command = [path_of("pg_receivewal"), *receive, "--synchronous"]
    receiver = subprocess.Popen(command, env={**os.environ, **told}, **who)
    try:
        if not (folder / BASE).is_dir():
            draft = folder / f"{BASE}.new"
            shutil.rmtree(draft, ignore_errors=True)
            options = (f"--pgdata={draft}", "--checkpoint=fast", "--wal-method=stream", "--no-password")
            run("pg_basebackup", *options, told=told, **who)
            draft.rename(folder / BASE)
        yield receiver
    finally:
        receiver.terminate()
        try:
            receiver.wait(STOP_S)
        except subprocess.TimeoutExpired:
            receiver.kill()
            receiver.wait()


def bring_to(database_url: str, folder: Path, moment: datetime | None, into: Path, port: int) -> AtMoment:
    """Start a server of its own on `port` of this machine, its data in `into`, which must not be there, brought to
    `moment` (None: as far as the archive goes). What the database that was archived holds up to there must be the same,
    if it can still be asked: `Unlike` otherwise. The server is left running; `stop` ends it."""
    began = monotonic()
    if into.exists():
        raise RuntimeError(f"{into} is there already: a restore goes beside, never over")
    if not (folder / BASE).is_dir():
        raise RuntimeError(f"{folder} holds no archive: `colloquy backup {folder} --follow` makes one")
    run("pg_verifybackup", str(folder / BASE))
    _copy(folder / BASE, into)
    _recover(folder / WAL, into, moment)
    served = f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories=''"
    try:
        _control(into, "start", "--wait", f"--timeout={START_S}", "--silent", f"--log={into / 'recovery.log'}",
                 f"--options={served}")  # fmt: skip
    except RuntimeError:
        said = (into / "recovery.log").read_text(errors="replace") if (into / "recovery.log").exists() else ""
        why = [line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:" in line]
        raise RuntimeError(f"the copy could not be brought there: {'; '.join(why) or said[-800:]}") from None
    there = served_at(database_url, port)
    try:
        facts = _same_as_far(database_url, there)
    except Unlike:
        stop(into)
        raise
    return AtMoment(there, facts, round(monotonic() - began, 1))


def stop(into: Path) -> None:
    """End a server that was brought to a moment; its data stays."""
    _control(into, "stop", "--mode=fast", "--silent", f"--timeout={STOP_S}")


def _copy(base: Path, into: Path) -> None:
    """As whoever runs the server, to whom all of it must belong."""
    own_folder(into)
    subprocess.run(["/bin/cp", "-a", f"{base}/.", str(into)], check=True, timeout=START_S, **unprivileged())


def _recover(wal: Path, into: Path, moment: datetime | None) -> None:
    """Say to the server what to read and how far. A segment that is being written ends with `.partial`."""
    settings = {
        "restore_command": f"cp '{wal}/%f' '%p' 2>/dev/null || cp '{wal}/%f.partial' '%p'",
        "recovery_target_action": "promote",
        "primary_conninfo": "",
    }
    if moment is not None:
        settings["recovery_target_time"] = moment.isoformat()
    with (into / "postgresql.auto.conf").open("a") as file:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")
    (into / "recovery.signal").touch()


def _control(into: Path, *arguments: str) -> None:
    run("pg_ctl", f"--pgdata={into}", *arguments, cwd=into, **unprivileged())


def served_at(database_url: str, port: int) -> str:
    """The same logins and database at the server beside; an empty URL stays empty."""
    if not database_url:
        return ""
    parts = urlsplit(database_url)
    who = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{who}@{HOST}:{port}" if who else f"{HOST}:{port}"))


def _same_as_far(database_url: str, there: str) -> int:
    """How many facts the copy holds; each is the one that stands at its place in the database, if that answers."""
    with psycopg.connect(there, autocommit=True, connect_timeout=10) as connection:
        found = lanes_of(connection)
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=10) as connection:
            expected = heads_of(connection, {name: lane.head for name, lane in found.items()})
    except psycopg.OperationalError:
        expected = found  # it is what was lost
    if found != expected:
        raise Unlike(f"archived: {expected}; restored: {found}")
    return sum(lane.facts for lane in found.values())
