"""Frames that are no frames, or are too much of one."""

from __future__ import annotations

import json

from tests.attack.attack import Attack, Chat, Ground, codes

MUST = "an error with a code and the socket stays open, or one close code of the contract"
CLOSES = {1003, 1007, 1009, 4400, 4429}
TURN = {"type": "turn.create", "id": "1", "text": "x"}


def _text(**changes: object) -> str:
    return json.dumps(TURN | changes)


FRAMES: dict[str, str | bytes] = {
    "nothing": "", "blank": "  ", "null": "null", "number": "1", "text": '"x"', "list": "[]", "empty": "{}",
    "no type": '{"id":"1"}', "type null": '{"type":null}', "type list": '{"type":[]}', "type unknown": '{"type":"x"}',
    "type long": json.dumps({"type": "x" * 10_000}), "no JSON": "{", "single quotes": "{'type':'ping'}", "comment": "/**/{}",
    "trailing comma": '{"type":"ping",}', "two values": '{"type":"ping"}{"type":"ping"}', "NaN": '{"type":"ping","x":NaN}',
    "infinity": '{"type":"ping","x":1e999}', "big number": '{"type":"ping","x":' + "9" * 5_000 + "}",
    "duplicate key": '{"type":"ping","type":"turn.create"}', "duplicate id": '{"type":"turn.create","id":"1","id":"2","text":"x"}',
    "deep list": '{"type":"ping","x":' + "[" * 5_000 + "]" * 5_000 + "}",
    "deep object": '{"type":"ping","x":' + '{"a":' * 5_000 + "1" + "}" * 5_000 + "}",
    "half a bracket": "[" * 100_000, "NUL escaped": '{"type":"turn.create","id":"1","text":"a\\u0000b"}',
    "lone surrogate": '{"type":"turn.create","id":"1","text":"a\\ud800b"}', "NUL in id": '{"type":"turn.create","id":"\\u0000","text":"x"}',
    "id empty": _text(id=""), "id long": _text(id="x" * 201), "id number": _text(id=1), "id list": _text(id=[]),
    "id control": _text(id="a\nb"), "text empty": _text(text=""), "text blank": _text(text=" \n"), "text number": _text(text=5),
    "text list": _text(text=["x"]), "text too long": _text(text="x" * 32_001), "text missing": '{"type":"turn.create","id":"1"}',
    "metadata large": _text(metadata={"a": "x" * 5_000}), "metadata deep": _text(metadata={"a": json.loads("[" * 60 + "]" * 60)}),
    "metadata list": _text(metadata=[]), "attachments text": _text(attachments="x"), "attachments many": _text(attachments=["x"] * 5_000),
    "attachments foreign": _text(attachments=["01977c9e-1111-7000-8000-000000000001"]), "cache unknown": _text(cache="maybe"),
    "cancel nothing": '{"type":"turn.cancel"}', "cancel absent": '{"type":"turn.cancel","turn_id":"x"}',
    "feedback rating": '{"type":"feedback.create","turn_id":"x","rating":"five"}',
    "feedback absent": '{"type":"feedback.create","turn_id":"01977c9e-1111-7000-8000-000000000001","rating":"up"}',
    "feedback long": json.dumps({"type": "feedback.create", "turn_id": "x", "rating": "up", "comment": "x" * 50_000}),
    "open again": '{"type":"session.open"}', "open foreign": '{"type":"session.open","session_id":"01977c9e-1111-7000-8000-000000000001"}',
    "open negative": '{"type":"session.open","after_seq":-1}', "confirm absent": '{"type":"tool.confirm","turn_id":"x","call":"y","allow":true}',
    "server frame": '{"type":"turn.completed"}', "wide": json.dumps({"type": "ping"} | {f"k{n}": n for n in range(20_000)}),
    "quarter megabyte": json.dumps({"type": "ping", "x": "a" * 262_100}), "over the limit": "x" * 262_145, "a megabyte": "x" * 1_000_000,
    "binary": b"\x00\x01", "binary JSON": b'{"type":"ping"}', "escapes": '{"type":"ping","x":"' + "\\u00e9" * 20_000 + '"}',
}  # fmt: skip


async def _alive(chat: Chat) -> None:
    await chat.send({"type": "ping"})
    assert (await chat.until("pong"))["type"] == "pong"


def _attack(name: str, frame: str | bytes) -> Attack:
    async def run(ground: Ground) -> None:
        async with ground.chat() as chat:
            await chat.send(frame)
            answer = await chat.until("error", "pong", "turn.completed", "turn.failed")
            if answer["type"] == "closed":
                assert answer["code"] in CLOSES, answer
                return
            if answer["type"] == "error":
                assert answer["code"] in codes() - {"internal"}, answer
            await _alive(chat)

    return Attack("frames", name, MUST, run)


async def _ten_bad(ground: Ground) -> None:
    async with ground.chat() as chat:
        for _ in range(10):
            await chat.send("{")
        frame = await chat.until("closed")
        assert frame["code"] in (4400, 4429), frame


ATTACKS = [
    *(_attack(name, frame) for name, frame in FRAMES.items()),
    Attack("frames", "ten bad ones in a row", "closed with 4400", _ten_bad),
]
