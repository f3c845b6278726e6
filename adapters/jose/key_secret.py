"""The keys of tokens in a Secret of a Kubernetes cluster: read, rotated and put back where nobody else changed them."""

from __future__ import annotations

import base64
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from adapters.jose.key_file import create_key_file, rotate_key_file

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API = "https://kubernetes.default.svc"
FILE = "keys.json"
CALL_S = 10.0


class NoCluster(RuntimeError):
    """This process is in no pod with a service account's token: mount one, or rotate a file of keys instead."""


@contextmanager
def in_cluster(account: Path = ACCOUNT) -> Iterator[httpx.Client]:
    """A client of the cluster's API, in the pod's own namespace; `NoCluster` outside of one."""
    try:
        token, namespace = ((account / name).read_text().strip() for name in ("token", "namespace"))
        trusted = ssl.create_default_context(cafile=str(account / "ca.crt"))
    except OSError:
        raise NoCluster(NoCluster.__doc__) from None
    base, headers = f"{API}/api/v1/namespaces/{namespace}/", {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=base, headers=headers, verify=trusted, timeout=CALL_S) as client:
        yield client


def rotate_secret(cluster: httpx.Client, name: str) -> None:
    """Put fresh keys in front. RuntimeError when the cluster refuses, also when somebody else changed the Secret
    meanwhile: it carries the version that was read, and nothing is lost."""
    found = cluster.get(f"secrets/{name}")
    _check(found, name)
    secret = found.json()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE
        if held := (secret.get("data") or {}).get(FILE):
            path.write_bytes(base64.b64decode(held))
            rotate_key_file(path)
        else:
            create_key_file(path)
        secret["data"] = (secret.get("data") or {}) | {FILE: base64.b64encode(path.read_bytes()).decode()}
    _check(cluster.put(f"secrets/{name}", json=secret), name)


def _check(answer: httpx.Response, name: str) -> None:
    if answer.is_error:
        raise RuntimeError(f"the cluster answered {answer.status_code} for the Secret {name}: {answer.text[:200]}")
