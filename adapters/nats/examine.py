"""Looks at a NATS before somebody relies on it: JetStream, the streams of the lanes, how large a message may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nats.js.errors import NotFoundError

from adapters.nats.connection import Connection, answering
from adapters.nats.pipe import LARGEST, stream_name
from application.ports.incidents.symptom import Symptom, bad, ok, warn
from domain.refusals import DependencyUnavailable

PART = "nats"
AWAY = "turns go on; read models stand still, and replicas hear of each other by the store alone"


async def examine(urls: str, credentials: str, lanes: int) -> Sequence[Symptom]:
    """One finding a fault, or one that says that there is none."""
    if not urls:
        return [bad(PART, f"none is named: {AWAY}", "set COLLOQUY_NATS_URL")]
    connection = Connection(urls, credentials)
    try:
        with answering():
            client = await connection.client()
            return await _found(client, await connection.jetstream(), lanes)
    except DependencyUnavailable as error:
        return [bad(PART, f"it does not answer ({error.detail}): {AWAY}", "start it, or mend the URL")]
    finally:
        await connection.close()


async def _found(client: Any, js: Any, lanes: int) -> list[Symptom]:
    found = []
    if client.max_payload < LARGEST:
        said = f"messages may have {client.max_payload} bytes; facts have up to {LARGEST}"
        found.append(bad(PART, said, "set max_payload to 1MB"))
    try:
        await js.account_info()
    except Exception as error:  # the library has several words for it
        said = f"JetStream cannot be used here ({type(error).__name__})"
        return [*found, bad(PART, said, "enable JetStream for the account, and let it use its API")]
    for lane in range(lanes):
        try:
            info = await js.stream_info(stream_name(lane))
        except NotFoundError:
            said = f"lane {lane} has no stream yet"
            found.append(warn(PART, said, "start `colloquy relay`: it makes it and fills it from the store"))
            continue
        peers = len(info.cluster.replicas or ()) + 1 if info.cluster and info.cluster.name else 1
        if client.connected_server_version.major < 2 or (
            client.connected_url and info.config.num_replicas < min(3, peers)
        ):
            said = f"the stream of lane {lane} has {info.config.num_replicas} copy of {peers} servers"
            found.append(warn(PART, said, "the store fills it again when it is lost; `nats stream edit --replicas 3`"))
    return found or [ok(PART, f"NATS {client.connected_server_version} with JetStream and {lanes} streams")]
