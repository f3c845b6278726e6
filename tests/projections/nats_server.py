"""A NATS server of a test's own, to be stopped, killed and robbed of its files."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path


class NatsServer:
    """On one port and one folder, started and stopped at will."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder, self._port = folder, port
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"nats://127.0.0.1:{self._port}"

    def start(self) -> None:
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        command = [str(binary), "-js", "-sd", str(self._folder), "-a", "127.0.0.1", "-p", str(self._port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def lose_everything(self) -> None:
        """Its disk is gone."""
        self.kill()
        shutil.rmtree(self._folder / "jetstream", ignore_errors=True)
