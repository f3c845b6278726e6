"""What each job may say and hear on NATS: the wall round the pipe that holds when a program goes wrong.

A job that is not named here has no business there. The API shares no subject with the other two, so that it may have an
account of its own. `inbox_of` is where a job hears answers: nobody else may listen there.
"""

from __future__ import annotations

import msgspec

ASK = "$JS.API"
"""JetStream's own subjects (https://docs.nats.io/reference/reference-protocols/nats_api_reference)."""


class Permissions(msgspec.Struct, frozen=True):
    """Subjects, with NATS's wildcards; what is not named is refused."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def inbox_of(job: str) -> str:
    """The prefix of a job's inboxes: answers to its questions, and what the pipe delivers to it."""
    return f"_INBOX.{job}"


PERMISSIONS = {
    # Makes the streams and fills them; reads its own last word, and no more.
    "relay": Permissions(
        (
            "events.>", f"{ASK}.STREAM.INFO.*", f"{ASK}.STREAM.CREATE.*", f"{ASK}.STREAM.UPDATE.*",
            f"{ASK}.STREAM.MSG.GET.*",
        ),
        (f"{inbox_of('relay')}.>",),
    ),
    # Reads by consumers of its own; says nothing into the pipe.
    "project": Permissions(
        (
            f"{ASK}.CONSUMER.INFO.*.*", f"{ASK}.CONSUMER.CREATE.*.>", f"{ASK}.CONSUMER.DURABLE.CREATE.*.*",
            f"{ASK}.CONSUMER.MSG.NEXT.*.*", f"{ASK}.CONSUMER.DELETE.*.*", "$JS.ACK.>",
        ),
        (f"{inbox_of('project')}.>",),
    ),
    # Neither reads nor writes the pipe: sessions as they are watched, and questions among its like.
    "serve": Permissions(
        ("live.*.*", "process.*", "turns.begun", f"{inbox_of('serve')}.>"),
        ("live.*.*", "process.*", "turns.begun", f"{inbox_of('serve')}.>"),
    ),
}  # fmt: skip
