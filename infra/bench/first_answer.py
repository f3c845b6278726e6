"""From nothing to an answer out of a folder of one's own: two commands in a copy of the program, and their seconds."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from application.clock import monotonic
from infra.local.child import ends_with_parent

LIMIT_S = 120
WITHIN_S = 540.0
ASK = "chat --tenant "
SOURCE = re.compile(r"^\[\d+\] ", re.M)
OURS = "COLLOQUY_"


class FirstAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from a copy without an environment to a folder that is read, and to the end of the answer; and whether
    the answer quotes a document of the folder."""

    up_s: float
    answer_s: float
    all_s: float
    cited: bool


@click.command("first-answer")
@click.option("--folder", default="infra/docs", show_default=True, type=click.Path(exists=True, file_okay=False))
@click.option("--question", default="What does a reader process get of a file?", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def first_answer(folder: str, question: str, as_json: bool) -> None:
    """Time `make up FOLDER=...` and `colloquy chat` in a copy of what is committed, nothing installed. Packages come
    from the registry, or from what it left on this machine.

    Example: colloquy bench first-answer --folder papers
    """
    with tempfile.TemporaryDirectory(prefix="colloquy-first-") as home:
        copy = Path(home) / "copy"
        Path(home).chmod(0o755)  # its readers of files become nobody, and read the program
        subprocess.run([_program("git"), "clone", "-q", "--depth", "1", f"file://{Path.cwd()}", copy], check=True)
        found = _measure(copy, {**_bare(), "COLLOQUY_DATA_DIR": f"{home}/data"}, Path(folder).resolve(), question)
    fields = msgspec.to_builtins(found)
    click.echo(json.dumps(fields) if as_json else "\n".join(f"{name:<10} {value:>8}" for name, value in fields.items()))
    if not found.cited or found.all_s > LIMIT_S:
        raise click.ClickException(f"an answer with its source was to come within {LIMIT_S} s")


def _measure(copy: Path, environment: dict[str, str], folder: Path, question: str) -> FirstAnswer:
    began = monotonic()
    with _up(copy, environment, folder) as tenant:
        up_s = monotonic() - began
        chat = [".venv/bin/colloquy", "chat", "--tenant", tenant, question]
        said = subprocess.run(
            chat, cwd=copy, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=True
        )
        all_s = monotonic() - began
    return FirstAnswer(
        up_s=round(up_s, 1),
        answer_s=round(all_s - up_s, 1),
        all_s=round(all_s, 1),
        cited=bool(SOURCE.search(said.stdout)),
    )


@contextmanager
def _up(copy: Path, environment: dict[str, str], folder: Path) -> Iterator[str]:
    """`make up` until it says that it is ready; the tenant of the folder."""
    up = subprocess.Popen(
        [_program("make"), "up", f"FOLDER={folder}"],
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=ends_with_parent(signal.SIGTERM),  # noqa: PLW1509  # one system call
    )
    try:
        assert up.stdout is not None, "it is a pipe"
        tenant, told = "", []
        for line in up.stdout:
            told.append(line)
            if line.startswith("Ask ") and folder.name in line and ASK in line:
                tenant = line.partition(ASK)[2].split()[0]
            if line.startswith("ready "):
                break
        if not tenant:
            raise click.ClickException("it did not start: " + "".join(told[-20:]))
        yield tenant
    finally:
        if up.poll() is None:
            os.killpg(up.pid, signal.SIGTERM)
        up.wait(60)


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise click.ClickException(f"{name} is not here")
    return path


def _bare() -> dict[str, str]:
    """This environment without settings of ours and without our own interpreter's."""
    return {name: value for name, value in os.environ.items() if not name.startswith((OURS, "VIRTUAL_ENV"))}
