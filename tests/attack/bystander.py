"""A tenant that asks the same question all the time and notes when its first word came: `URL TOKEN FILE`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from websockets.asyncio.client import connect

PAUSE_S = 0.25
SILENT_S = 60.0


async def ask(url: str, token: str, file: Path) -> None:
    """A line `[when, seconds to the first word]` for each turn; minus one where there was none."""
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(url, additional_headers=headers, compression=None, max_size=None) as socket:
        await socket.send('{"type":"session.open"}')
        turn = 0
        while True:
            turn, began, first = turn + 1, time.time(), 0.0
            question = {"type": "turn.create", "id": str(turn), "text": "How many days?", "cache": "bypass"}
            await socket.send(json.dumps(question))
            while True:
                frame = json.loads(await asyncio.wait_for(socket.recv(), SILENT_S))
                if frame["type"] == "turn.delta" and not first:
                    first = time.time() - began
                elif frame["type"] in ("turn.completed", "turn.failed", "error"):
                    break
            with file.open("a") as lines:
                lines.write(json.dumps([began, first if frame["type"] == "turn.completed" else -1.0]) + "\n")
            await asyncio.sleep(PAUSE_S)


if __name__ == "__main__":
    asyncio.run(ask(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
