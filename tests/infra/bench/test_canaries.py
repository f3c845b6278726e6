"""The search for foreign secrets finds one wherever it stands; a slice of it is run in tests/journeys."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.server import ServerProtocol

from infra.bench.canaries.ids import places
from infra.bench.canaries.lean_socket import LeanSocket, SocketGone
from infra.bench.canaries.secrets import Ears, Secrets


def test_a_secret_of_another_is_heard_also_when_it_comes_in_pieces() -> None:
    secrets = Secrets()
    mine, theirs = (secrets.word(tenant, "document") for tenant in ("mine", "theirs"))
    ears = Ears(secrets, "mine")
    ears.hear(f"{mine} and {mine}", "frame")
    assert (ears.foreign, ears.own["document"]) == ([], 2)
    ears.hear(f'{{"delta":"{theirs}"}}', "frame")
    hear = ears.joining("deltas")
    for piece in ("The code is ", *theirs, ".", theirs[:9], theirs[9:], theirs):
        hear(piece)
    assert ears.foreign == ["frame: document of theirs"] + 3 * ["deltas: document of theirs"]
    assert secrets.found("kanarie0000000000000000") == [], "nobody's"


def test_each_route_whose_path_takes_an_id_is_a_place() -> None:
    described: dict[str, Any] = {
        "paths": {"/v1/a/{a_id}": {"get": {}, "put": {}}, "/v1/b": {"get": {}}, "/x/{where}/{y}": {"get": {}}}
    }
    found = [(place.method, place.path, place.of) for place in places(described) if "/v1/a/" in place.path]
    assert found == [("GET", "/v1/a/{}", "a_id")]


class Wire(asyncio.Transport):
    """What a client writes, read by the library's server."""

    def __init__(self) -> None:
        super().__init__()
        self.server = ServerProtocol()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.server.receive_data(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


async def test_the_lean_socket_speaks_as_the_library_does() -> None:
    """Frames of every length, broken at every byte, a ping and a close between them."""
    heard: list[bytes] = []
    socket, wire = LeanSocket(heard.append, lambda: None), Wire()
    socket.connection_made(wire)
    beginning = asyncio.ensure_future(socket.begin("host", "/v1/chat", "token"))
    await asyncio.sleep(0)
    (asked,) = wire.server.events_received()
    answer = wire.server.accept(asked)  # type: ignore[arg-type]  # it is a request
    assert isinstance(answer, Response) and answer.status_code == 101
    wire.server.send_response(answer)
    sent = b"".join(wire.server.data_to_send())
    texts = [b"", b"a" * 125, b"b" * 126, b"c" * 65_535, b"d" * 65_536]
    for text in texts:
        sent += Frame(Opcode.TEXT, text).serialize(mask=False) + Frame(Opcode.PING, b"p").serialize(mask=False)
    for byte in sent[:700]:
        socket.data_received(bytes((byte,)))
    socket.data_received(sent[700:])
    await beginning
    for text in texts:
        socket.send(text.decode())
    said = [(event.opcode, bytes(event.data)) for event in wire.server.events_received() if isinstance(event, Frame)]
    assert said == [(Opcode.PONG, b"p")] * 5 + [(Opcode.TEXT, text) for text in texts]
    assert heard == texts
    socket.data_received(Frame(Opcode.CLOSE, Close(4401, "").serialize()).serialize(mask=False))
    assert socket.gone.is_set() and socket.close_code == 4401
    with pytest.raises(SocketGone):
        socket.send("anybody?")
