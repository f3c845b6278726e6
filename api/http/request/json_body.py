"""A request whose JSON is refused with the contract's codes, for every route alike."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request

from domain.refusals import InvalidCharacter, InvalidField, InvalidJson, PayloadTooLarge, TooDeep

T = TypeVar("T")


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's own lets bytes that are not UTF-8 and endless nesting through to the error page."""

    async def json(self) -> Any:
        """The body as JSON; a NUL in any text of it is refused, since no store can keep one."""
        return _decoded(await self.body())


async def bounded_json(request: Request[Any, Any, Any], shape: type[T], most: int) -> T:
    """The body of a route that takes other bodies too, as JSON of at most so many bytes; the same errors, and
    `PayloadTooLarge`, `InvalidField`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PayloadTooLarge(f"The body is larger than {most} bytes.")
    try:
        return msgspec.convert(_decoded(bytes(body)), shape)
    except msgspec.ValidationError as error:
        raise InvalidField(str(error)) from None


def _decoded(body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidJson("The body is not valid JSON in UTF-8.") from None
    except RecursionError:
        raise TooDeep from None
    if b"\\u0000" in body and _has_nul(value):
        raise InvalidCharacter
    return value


def _has_nul(value: Any) -> bool:
    """Whether a text in it, or a key, holds a NUL."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))
