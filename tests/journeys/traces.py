"""Looks for a word in all files of a folder, however it is spelled there: encoded, escaped, compressed, in names."""

from __future__ import annotations

import base64
import mmap
import re
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LETTERS = "bcdfghjklmnpqrstvwxz"
LENGTH = 24
PIECE = 8
"""PostgreSQL's compression puts a byte of its own between each eight that it could not shorten."""
INFLATED, HEAD = 1 << 22, 1 << 9
DEFLATED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def new_word() -> str:
    """A word that stands nowhere by chance, and cannot be shortened."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def spellings(word: str) -> dict[str, bytes]:
    """What to look for: a piece at each place of it as it is and in capitals, and it whole in other encodings."""
    plain = word.encode()
    found = {f"utf-8 at {n}": plain[n : n + PIECE] for n in range(PIECE + 1)}
    found |= {f"capitals at {n}": piece.upper() for n, piece in enumerate(found.values())}
    found |= {name: word.encode(name) for name in ("utf-16-le", "utf-16-be", "utf-32-le")}
    found |= {"hex": plain.hex().encode(), "HEX": plain.hex().upper().encode()}
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in word)
    found |= {"escaped": escaped.encode(), "percent": "".join(f"%{byte:02X}" for byte in plain).encode()}
    for shift in range(3):  # the first and last letters hang on what stands beside
        encoded = base64.b64encode(b"\0" * shift + plain)
        found[f"base64 at {shift}"] = encoded[4 if shift else 0 : -4]
    return found


def traces(folder: Path, word: str) -> list[str]:
    """Where it stands: path and spelling. Files that are gone or empty by the time they are read tell nothing."""
    looked_for = spellings(word)
    found = [f"{path}: its name" for path in folder.rglob("*") if word in path.name]
    for path in sorted(folder.rglob("*")):
        try:
            if not path.is_file() or not path.stat().st_size:
                continue
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                found += [f"{path}: {name}" for name in _in(content, word, looked_for)]
                found += [
                    f"{path}: compressed, {name}" for part in _inflated(content) for name in _in(part, word, looked_for)
                ]
        except (FileNotFoundError, ValueError):  # mapped when it had just been cut to nothing
            continue
    return found


def _in(content: Any, word: str, looked_for: dict[str, bytes]) -> Iterator[str]:
    for name, piece in looked_for.items():
        place = content.find(piece)
        while place >= 0 and not _goes_on(content, place, word, piece):
            place = content.find(piece, place + 1)
        if place >= 0:
            yield name


def _goes_on(content: Any, place: int, word: str, piece: bytes) -> bool:
    """Whether a piece is no chance: the next stands behind it too, at once or after one byte of a compression."""
    if len(piece) > PIECE:
        return True
    at = word.encode().find(piece.lower())
    following = word.encode()[at + PIECE : at + 2 * PIECE]
    behind = bytes(content[place + PIECE : place + 2 * PIECE + 1]).lower()
    return behind[:PIECE] == following or behind[1:] == following


def _inflated(content: Any) -> Iterator[bytes]:
    for match in DEFLATED.finditer(content):
        start, stream = match.start(), zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:  # most are no beginning of anything, which a few bytes tell: not all that follows is copied for them
            part = stream.decompress(content[start : start + HEAD], INFLATED)
            if not stream.eof and len(part) < INFLATED:
                rest = stream.unconsumed_tail + content[start + HEAD : start + INFLATED]
                part += stream.decompress(rest, INFLATED - len(part))
        except zlib.error:
            continue
        if len(part) >= PIECE:
            yield part
