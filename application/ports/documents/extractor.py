"""Files to text, and text to passages, somewhere a hostile file can do no harm."""

from __future__ import annotations

from typing import BinaryIO, Protocol

import msgspec


class PassagePlace(msgspec.Struct, frozen=True, array_like=True):
    """Where in its document a passage begins, as far as the document has such places: the page or slide, the row of a
    table, both counted from 1, and the heading that it stands under."""

    page: int | None = None
    row: int | None = None
    heading: str = ""


NOWHERE = PassagePlace()


class Extracted(msgspec.Struct, frozen=True, array_like=True):
    """What a file says. `title` is the document's own, empty when it has none; `spans` are the passages of `text` as
    (start, end) in code points, in order, without overlap, and `places` where they stand, one for each or none at all.
    No text holds a NUL or half of a surrogate pair. `warnings` say what was not read, in words that hold nothing of the
    document; `encoding` is the one that was taken, of a file of plain characters (https://encoding.spec.whatwg.org)."""

    title: str
    text: str
    spans: tuple[tuple[int, int], ...]
    places: tuple[PassagePlace, ...] = ()
    warnings: tuple[str, ...] = ()
    encoding: str = ""


def places_of(extracted: Extracted) -> tuple[PassagePlace, ...]:
    """Where its passages stand, one for each."""
    return extracted.places or (NOWHERE,) * len(extracted.spans)


class Sniffer(Protocol):
    """Tells what a file is."""

    async def sniff(self, name: str, body: BinaryIO) -> str:
        """A file's name and bytes to its media type, quickly. `UnsupportedMediaType` when it is of no kind that is
        read; `DocumentRefused` with `empty_file` or `type_mismatch` (the name's extension says otherwise);
        `Overloaded`."""
        ...


class KindTeller(Protocol):
    """Tells what a file is that may be anything."""

    async def tell(self, name: str, body: BinaryIO) -> str:
        """Its media type by its bytes, whatever its name claims (which only tells kinds of text apart):
        `domain.file.kinds.UNKNOWN` for what is none that is known here. `DocumentRefused` with `empty_file`;
        `Overloaded`."""
        ...


class Extractor(Protocol):
    """Reads documents of the kinds that a `Sniffer` names."""

    async def extract(self, media_type: str, body: BinaryIO) -> Extracted:
        """Read it, within limits of time and memory. `DocumentRefused` when it cannot or must not be read."""
        ...
