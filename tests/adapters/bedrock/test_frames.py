"""The frame decoder: any cut of the bytes gives the same frames, and a changed byte is never taken for content."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bedrock.frames import LARGEST, FrameDecoder, FrameError, Headers
from infra.local.bedrock.event_stream import error, exception, text_delta

STREAM = text_delta("Grüße 🙂", 0) + text_delta(" and", 1) + exception("throttlingException", "Slow.") + error("X", "y")


def decode(*pieces: bytes) -> list[tuple[Headers, bytes]]:
    decoder = FrameDecoder()
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    assert decoder.empty
    return frames


def test_a_frame_says_what_it_is() -> None:
    kinds = [(headers.kind, headers.name, headers.detail) for headers, _ in decode(STREAM)]
    assert kinds == [
        ("event", "contentBlockDelta", ""),
        ("event", "contentBlockDelta", ""),
        ("exception", "throttlingException", ""),
        ("error", "X", "y"),
    ]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_where_the_bytes_are_cut_does_not_matter(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(ends)]
    assert decode(*pieces) == decode(STREAM)


@given(st.integers(0, len(STREAM) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, change: int) -> None:
    changed = STREAM[:at] + bytes([STREAM[at] ^ change]) + STREAM[at + 1 :]
    good = decode(STREAM)
    got = []
    decoder = FrameDecoder()
    with pytest.raises(FrameError):
        for frame in decoder.feed(changed):
            got.append(frame)
    assert got == good[: len(got)]


def test_the_frames_before_a_bad_one_are_given() -> None:
    first = text_delta("one", 0)
    frames = FrameDecoder().feed(first + first[:-1] + b"\x00")
    assert next(frames)[0].name == "contentBlockDelta"
    with pytest.raises(FrameError):
        next(frames)


def test_a_frame_that_is_not_whole_waits() -> None:
    decoder = FrameDecoder()
    assert list(decoder.feed(STREAM[:7])) == []
    assert not decoder.empty


def test_a_frame_of_impossible_length_is_refused() -> None:
    """Nobody waits for the rest of a frame that no answer of ours can have."""
    lengths = struct.pack(">II", LARGEST + 1, 0)
    with pytest.raises(FrameError):
        list(FrameDecoder().feed(lengths + struct.pack(">I", zlib.crc32(lengths)) + b"x" * 100))
