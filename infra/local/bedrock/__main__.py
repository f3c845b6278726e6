"""Starts the Bedrock stand-in: `python -m infra.local.bedrock --port 0`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
from pathlib import Path

from infra.local.bedrock.control import StandIn
from infra.local.bedrock.embeddings import best_embeddings
from infra.local.bedrock.http_server import HttpConnection
from infra.local.bedrock.invocation_log import InvocationLog
from infra.local.bedrock.runtime import Runtime, TypingPace
from infra.local.bedrock.upstream import Upstream

BACKLOG = 2_048


def read_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.bedrock", description="A stand-in for Bedrock Runtime."
    )
    parser.add_argument("--fd", type=int, help="a listening socket to take over")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--data-dir", type=Path, help="where the invocation logs go (default: nowhere)")
    parser.add_argument("--first-token-ms", type=float, default=TypingPace.first_token_ms)
    parser.add_argument("--token-ms", type=float, default=TypingPace.token_ms)
    parser.add_argument("--chars-per-token", type=int, default=TypingPace.chars_per_token)
    parser.add_argument("--hashed-embeddings", action="store_true", help="do without the sentence model")
    parser.add_argument("--instant-embeddings", action="store_true", help="vectors that say nothing and cost nothing")
    parser.add_argument("--judged", action="store_true", help="look at requests by the service's own model")
    return parser.parse_args()


def listening_socket(arguments: argparse.Namespace) -> socket.socket:
    """The inherited socket, else one on loopback."""
    if arguments.fd is not None:
        listening = socket.socket(fileno=arguments.fd)
    else:
        listening = socket.create_server(("127.0.0.1", arguments.port), backlog=BACKLOG)
    # Inherited by every connection: asyncio sets it only on sockets whose protocol was named when they were made.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def serve(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; then bill what runs and go."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pace = TypingPace(arguments.first_token_ms, arguments.token_ms, arguments.chars_per_token)
    upstream = Upstream.named(os.environ)
    embeddings = best_embeddings(
        hashed=arguments.hashed_embeddings, instant=arguments.instant_embeddings, upstream=upstream
    )
    runtime = Runtime(InvocationLog(arguments.data_dir), embeddings, pace, upstream, judged=arguments.judged)
    stand_in = StandIn(runtime)
    connections: set[HttpConnection] = set()
    server = await loop.create_server(
        lambda: HttpConnection(stand_in.handle, connections), sock=listening_socket(arguments), backlog=BACKLOG
    )
    port = server.sockets[0].getsockname()[1]
    print(f"ready http://127.0.0.1:{port} (Bedrock stand-in, embeddings: {runtime.embeddings.name})", flush=True)
    await stop.wait()
    server.close()
    await runtime.close()
    for connection in list(connections):
        connection.close()


def main() -> None:
    """Run it, on uvloop where there is one."""
    arguments = read_arguments()
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(arguments))
    else:
        uvloop.run(serve(arguments))


if __name__ == "__main__":
    main()
