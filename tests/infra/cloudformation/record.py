"""Which calls to AWS each job makes, recorded by botocore's hooks while the journeys run.

`python -m tests.infra.cloudformation.record` runs them and writes `calls.json`. Jobs are processes in isolated mode, so
that a file of Python's own start (`.pth`) is what brings the hook into them; it is taken away afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tests.architecture.made_docs import ROOT

CALLS = Path(__file__).with_name("calls.json")
RECORD = "COLLOQUY_TEST_RECORD_AWS"
HOOK = """
import json, os, sys
from botocore import handlers

seen = set()

def note(model, **_):
    job = sys.argv[1] if len(sys.argv) > 1 and "api/cli" in sys.argv[0] else ""
    call = (job, model.service_model.service_name, model.name)
    if call not in seen:
        seen.add(call)
        with open(os.environ["COLLOQUY_TEST_RECORD_AWS"], "a") as file:
            file.write(json.dumps(call) + "\\n")

handlers.BUILTIN_HANDLERS.append(("before-call", note))
"""
JOBS = {
    "serve": "serve",
    "relay": "relay",
    "project": "project",
    "ingest": "ingest",
    "up": "migrate",
    "migrate": "migrate",
    "reconcile": "reconcile",
}


def main() -> None:
    """Record, merge with what was recorded before, write."""
    packages = Path(sysconfig.get_path("purelib"))
    module, start = packages / "colloquy_recorder.py", packages / "colloquy_recorder.pth"
    with tempfile.NamedTemporaryFile("r") as recorded:
        module.write_text(HOOK)
        start.write_text(f"import os; os.environ.get('{RECORD}') and __import__('colloquy_recorder')\n")
        try:
            environment = os.environ | {RECORD: recorded.name}
            command = [sys.executable, "-m", "pytest", "-q", "tests/journeys", *sys.argv[1:]]
            subprocess.run(command, cwd=ROOT, env=environment, check=False)
        finally:
            module.unlink()
            start.unlink()
        calls: dict[str, set[str]] = {job: set(found) for job, found in json.loads(CALLS.read_text()).items()}
        for line in recorded.read().splitlines():
            command_name, service, operation = json.loads(line)
            if command_name in JOBS:
                calls.setdefault(JOBS[command_name], set()).add(f"{service}:{operation}")
    CALLS.write_text(json.dumps({job: sorted(calls[job]) for job in sorted(calls)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
