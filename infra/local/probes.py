"""Small questions to a server that is starting: does it answer yet?"""

from __future__ import annotations

import asyncio

ANSWER_S = 1.0


async def http_answers(port: int, path: str, needle: bytes) -> bool:
    """Whether GET `path` answers 200 with `needle` in it."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), ANSWER_S)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(65_536), ANSWER_S)
        while needle not in answer and (more := await asyncio.wait_for(reader.read(65_536), ANSWER_S)):
            answer += more
    finally:
        writer.close()
    return answer.split(b" ", 2)[1:2] == [b"200"] and needle in answer


async def valkey_pid(port: int, password: str) -> int:
    """The pid that the Valkey on this port says it has."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), ANSWER_S)
    try:
        writer.write(f"AUTH {password}\r\nINFO server\r\n".encode())
        await asyncio.wait_for(reader.readline(), ANSWER_S)
        size = int((await asyncio.wait_for(reader.readline(), ANSWER_S))[1:])
        text = await asyncio.wait_for(reader.readexactly(size), ANSWER_S)
    finally:
        writer.close()
    return int(text.partition(b"process_id:")[2].split(b"\r\n", 1)[0])
