"""`AnchorHook`: signed heads to a command's standard input, or to a URL of the operator's, as JSON lines."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence

import httpx
import msgspec

from application.ports.facts.audit_anchors import AnchorHook
from domain.refusals import DependencyUnavailable

DEADLINE_S = 15.0


def open_hook(where: str) -> AnchorHook | None:
    """By the setting: a URL, a command, or nobody."""
    if not where:
        return None
    return UrlHook(where) if where.startswith(("http://", "https://")) else CommandHook(where)


class CommandHook:
    """Runs the command anew each time, without a shell."""

    def __init__(self, command: str, deadline_s: float = DEADLINE_S) -> None:
        self._argv, self._deadline_s = shlex.split(command), deadline_s

    async def tell(self, heads: Sequence[str]) -> None:
        """See the port. It has taken them when it ends with 0 within the deadline."""
        pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*self._argv, stdin=pipe, stdout=nowhere, stderr=nowhere)
        except OSError as error:
            raise DependencyUnavailable(f"The audit hook cannot be started: {error.strerror}.") from error
        try:
            async with asyncio.timeout(self._deadline_s):
                await process.communicate(_lines(heads))
        except (TimeoutError, OSError) as error:
            raise DependencyUnavailable("The audit hook did not end in time.") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise DependencyUnavailable(f"The audit hook ended with {process.returncode}.")


class UrlHook:
    """Posts them; any answer of the 200s has taken them."""

    def __init__(self, url: str, deadline_s: float = DEADLINE_S) -> None:
        self._url, self._deadline_s = url, deadline_s

    async def tell(self, heads: Sequence[str]) -> None:
        """See the port."""
        headers = {"content-type": "application/x-ndjson"}
        try:
            async with asyncio.timeout(self._deadline_s), httpx.AsyncClient(follow_redirects=False) as client:
                answer = await client.post(self._url, content=_lines(heads), headers=headers)
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            raise DependencyUnavailable("The audit hook's server does not answer.") from error
        if not answer.is_success:
            raise DependencyUnavailable(f"The audit hook's server answered with {answer.status_code}.")


def _lines(heads: Sequence[str]) -> bytes:
    return b"".join(msgspec.json.encode({"jws": jws}) + b"\n" for jws in heads)
