"""The database's log of changes kept outside of it, and a server of its own brought to any moment: PostgreSQL's own
base backup, write-ahead log and recovery."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
STOP_S, START_S, LOOK_S = 30, 3600, 0.1
LOG = "recovery.log"
HOST = "127.0.0.1"


class BaseFile(msgspec.Struct, frozen=True):
    """A file of a base backup; its path is in hexadecimal where it is no text."""

    checksum: str = msgspec.field(name="Checksum")
    path: str = msgspec.field(name="Path", default="")
    encoded: str = msgspec.field(name="Encoded-Path", default="")


class BaseManifest(msgspec.Struct, frozen=True):
    """What of PostgreSQL's own manifest says what was copied."""

    files: tuple[BaseFile, ...] = msgspec.field(name="Files")


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
            options = (f"--pgdata={draft}", "--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256")
            run("pg_basebackup", *options, "--no-password", told=told, **who)
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
    verify(folder / BASE)
    _copy(folder / BASE, into)
    _recover(folder / WAL, into, moment)
    there = served_at(database_url, port)
    _serve(into, port)
    try:
        _until_there(into, there)
        facts = _same_as_far(database_url, there)
    except BaseException:
        with suppress(RuntimeError):  # it has ended itself
            stop(into)
        raise
    return AtMoment(there, facts, round(monotonic() - began, 1))


def verify(base: Path) -> None:
    """Each file of a base backup is what its manifest says; `Unlike` names the first that is not.
    https://www.postgresql.org/docs/current/backup-manifest-format.html"""
    for listed in msgspec.json.decode((base / "backup_manifest").read_bytes(), type=BaseManifest).files:
        name = listed.path or bytes.fromhex(listed.encoded).decode()
        try:
            with (base / name).open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            found = str(error)
        if found != listed.checksum:
            raise Unlike(f"{name} of the base is not what was copied: {found}")


def stop(into: Path) -> None:
    """End a server that was brought to a moment; its data stays."""
    _control(into, "stop", "--mode=fast", "--silent", f"--timeout={STOP_S}")


def _copy(base: Path, into: Path) -> None:
    """As whoever runs the server, to whom all of it must belong."""
    own_folder(into)
    subprocess.run(["/bin/cp", "-a", f"{base}/.", str(into)], check=True, timeout=START_S, **unprivileged())


def _recover(wal: Path, into: Path, moment: datetime | None) -> None:
    """Say to the server what to read and how far. A segment that is being written ends with `.partial`."""
    place = shlex.quote(str(wal)).replace("%", "%%")  # a shell reads it, after PostgreSQL has
    settings = {
        "restore_command": f"cp {place}/%f '%p' 2>/dev/null || cp {place}/%f.partial '%p'",
        "recovery_target_action": "promote",
        "primary_conninfo": "",
        "hot_standby": "off",  # nobody looks on, for whom it would need as many connections as the server had
    }
    if moment is not None:
        settings["recovery_target_time"] = moment.isoformat()
    with (into / "postgresql.auto.conf").open("a") as file:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")
    (into / "recovery.signal").touch()


def _serve(into: Path, port: int) -> None:
    """Start the server; it recovers before it lets anybody in."""
    served = f"-c listen_addresses={HOST} -c port={port} -c unix_socket_directories=''"
    log = ("--silent", f"--log={into / LOG}")
    try:
        _control(into, "start", "--wait", f"--timeout={START_S}", *log, f"--options={served}")
    except RuntimeError:
        raise RuntimeError(f"the copy could not be brought there: {_why(into)}") from None


def _until_there(into: Path, database_url: str) -> None:
    """It lets people in when it is where it is to be, and ends where it cannot get there."""
    deadline = monotonic() + START_S
    while True:
        try:
            with psycopg.connect(database_url, connect_timeout=10):
                return
        except psycopg.OperationalError as error:
            alive = (into / "postmaster.pid").exists()
            if not alive or monotonic() > deadline:
                raise RuntimeError(f"the copy could not be brought there: {_why(into) or error}") from None
            time.sleep(LOOK_S)


def _why(into: Path) -> str:
    """What the server said before it ended."""
    said = (into / LOG).read_text(errors="replace") if (into / LOG).exists() else ""
    return "; ".join(line.partition("FATAL:")[2].strip() for line in said.splitlines() if "FATAL:  rec" in line)


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
