"""`python -m tests.api.fake_server DIR [hold]`: the real server on fakes; with `hold` its drain waits for ever."""

from __future__ import annotations

import asyncio
import sys

from api.connections.listening import listen
from api.server.run import serve
from tests.api.harness import QuickDrain, make_services


class ToldDrain(QuickDrain):
    """Says on standard output that it was asked."""

    async def __call__(self, grace_s: float) -> None:
        sys.stdout.write("draining\n")
        sys.stdout.flush()
        await super().__call__(grace_s)


async def main() -> None:
    """Serve until told to stop."""
    drain = ToldDrain()
    if sys.argv[2:] == ["hold"]:
        drain.hold.clear()
    listener = listen("127.0.0.1", 0)
    host, port = listener.getsockname()
    sys.stdout.write(f"{host}:{port}\n")
    sys.stdout.flush()
    listener.listen()
    await serve(make_services(sys.argv[1], drain=drain), listener)


asyncio.run(main())
