"""A parent to be killed: starts a stack with one job, prints the pids, and follows it. `python -m ... DATA_DIR`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from infra.local.stack import start

data_dir = Path(sys.argv[1])
stack = start(data_dir, fast=True)
# A job that does not mind being told to stop, with a child of its own.
sleeper = f"import time; time.sleep(300)  # {data_dir}"
job = (
    "import signal, subprocess, sys; signal.signal(15, lambda *_: None); "
    f"subprocess.run([{sys.executable!r}, '-c', {sleeper!r}])"
)
try:
    stack.start_job("job", [sys.executable, "-c", job], {"PATH": "/usr/bin:/bin"})
    while "job" not in stack.pids:
        stack.news(10)
    sys.stdout.write(json.dumps(stack.pids) + "\n")
    sys.stdout.flush()
    while True:
        stack.news(60)
finally:
    stack.stop()
