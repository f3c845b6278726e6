"""Publishes a window of messages to JetStream, all under way together, and checks each acknowledgement.

The library's own asynchronous publish (2.16) never completes for a message that the server refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from nats.js.errors import NoStreamResponseError

from adapters.nats.connection import CALL_S
from application.ports.facts.event_pipe import PipeMoved

WRONG_LAST_SEQUENCE = 10071


class PipeMessage(msgspec.Struct, frozen=True):
    """What to publish: subject, body and headers."""

    subject: str
    body: bytes
    headers: dict[str, str]


class PublishFault(msgspec.Struct):
    """Why the server refused a message."""

    err_code: int = 0
    description: str = ""


class Ack(msgspec.Struct):
    """The server's answer to one message (JetStream API, PubAck)."""

    seq: int = 0
    duplicate: bool = False
    error: PublishFault | None = None


class PublishRefused(OSError):
    """JetStream refused a message for a reason of its own: full, sealed, not ready."""


_decoder = msgspec.json.Decoder(Ack)


async def publish_window(client: Any, messages: Sequence[PipeMessage], first: int) -> None:
    """Publish messages that are to get the sequences `first`, `first + 1`, ... Returns when all have; `PipeMoved` at
    the first that did not."""
    inbox = client.new_inbox()
    answers = await client.subscribe(f"{inbox}.*")
    try:
        async with asyncio.timeout(CALL_S):
            for number, message in enumerate(messages):
                await client.publish(message.subject, message.body, reply=f"{inbox}.{number}", headers=message.headers)
            for _ in messages:
                answer = await answers.next_msg(timeout=CALL_S)
                _check(answer.data, first + int(answer.subject.rpartition(".")[2]))
    finally:
        await answers.unsubscribe()


def _check(answer: bytes, sequence: int) -> None:
    if not answer:
        raise NoStreamResponseError
    ack = _decoder.decode(answer)
    if ack.error and ack.error.err_code != WRONG_LAST_SEQUENCE:
        raise PublishRefused(ack.error.description)
    if ack.error or ack.duplicate or ack.seq != sequence:
        raise PipeMoved
