"""A port that is held is nobody else's, and may be listened on by ours again and again."""

from __future__ import annotations

import socket

import pytest

from infra.local.ports import held


def test_a_held_port_is_listened_on_again_and_again_and_a_taken_one_is_not_held() -> None:
    with held() as port, held() as another:
        assert port != another
        with socket.socket() as caller:
            caller.bind(("127.0.0.1", 0))  # as one who is given any port
            assert caller.getsockname()[1] not in (port, another)
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)) as server:
                socket.create_connection(server.getsockname()).close()
                server.accept()[0].close()
                with pytest.raises(OSError, match="in use"), held(port):
                    raise AssertionError("it is taken")
                with held(port, 0) as other:
                    assert other != port
