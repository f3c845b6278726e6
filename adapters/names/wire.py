"""What a client and the recogniser's process say to each other: frames of msgpack over a socket of this machine."""

from __future__ import annotations

import os
import tempfile
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import Any

import msgspec

LENGTH_BYTES = 4
MAX_FRAME = 8 * 1024 * 1024
READY = b"ready\n"
"""What a new process prints when it listens."""
_pack = msgspec.msgpack.Encoder().encode


def default_socket() -> Path:
    """One a user and machine."""
    return Path(tempfile.gettempdir()) / f"colloquy-names-{os.getuid()}" / "socket"


def is_ours(folder: Path) -> bool:
    """Whether nobody else can put a socket there: what is said through it is private."""
    try:
        state = folder.lstat()
    except FileNotFoundError:
        return False
    return folder.is_dir() and not folder.is_symlink() and state.st_uid == os.getuid() and not state.st_mode & 0o077


async def send(writer: StreamWriter, message: Any) -> None:
    """One frame."""
    body = _pack(message)
    writer.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    await writer.drain()


async def receive(reader: StreamReader) -> bytes:
    """The body of one frame; ConnectionError when it is longer than there can be."""
    length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
    if length > MAX_FRAME:
        raise ConnectionError("a frame longer than there can be")
    return await reader.readexactly(length)
