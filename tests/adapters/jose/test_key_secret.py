"""Keys in a cluster's Secret are rotated as a file's are, and never over somebody else's change."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.jose.key_secret import NoCluster, in_cluster, rotate_secret


class Cluster:
    """One Secret, as the API keeps it."""

    def __init__(self, data: dict[str, str]) -> None:
        self.secret: dict[str, Any] = {"metadata": {"name": "keys", "resourceVersion": "7"}, "data": data}
        self.moved = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/namespaces/chat/secrets/keys"
        if request.method == "PUT":
            given = json.loads(request.content)
            if self.moved or given["metadata"]["resourceVersion"] != self.secret["metadata"]["resourceVersion"]:
                return httpx.Response(409, text="the object has been modified")
            self.secret = given
        return httpx.Response(200, json=self.secret)

    @property
    def keys(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(base64.b64decode(self.secret["data"]["keys.json"]))
        return found


def client(cluster: Cluster) -> httpx.Client:
    return httpx.Client(base_url="https://api/api/v1/namespaces/chat/", transport=httpx.MockTransport(cluster))


def test_the_first_keys_are_made_and_the_next_go_in_front() -> None:
    cluster = Cluster({"other": "eA=="})
    rotate_secret(client(cluster), "keys")
    first = cluster.keys
    rotate_secret(client(cluster), "keys")
    assert [key["kid"] for key in cluster.keys["signing"]][1] == first["signing"][0]["kid"]
    assert len(cluster.keys["encryption"]) == 2 and cluster.secret["data"]["other"] == "eA=="


def test_a_change_in_between_is_not_written_over_and_outside_a_cluster_it_says_so(tmp_path: Path) -> None:
    cluster = Cluster({})
    cluster.moved = True
    with pytest.raises(RuntimeError, match="409"):
        rotate_secret(client(cluster), "keys")
    with pytest.raises(NoCluster, match="service account"), in_cluster(tmp_path):
        pass
