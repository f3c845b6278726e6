"""One credential of each kind, used as its holder and as others would use it."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx

from infra.bench.harness.installation import Installed
from tests.journeys.conftest import token_of


def console_link(ours: Installed) -> str:
    """The secret of a link, as `colloquy console` prints it."""
    command = [sys.executable, "-m", "api.cli", "console", "--json", "--tenant", ours.tenants[0], "--user", "ada"]
    options = ["--role", "member", "--data-dir", str(ours.data_dir)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=True)
    return str(json.loads(done.stdout)["url"]).partition("#")[2]


def used_credentials(ours: Installed, http: httpx.Client) -> list[str]:
    """One of each kind, each used: what came of it, and parts of those that are made of some."""
    token = token_of(ours, "ada", "member")
    admin = {"Authorization": f"Bearer {token_of(ours, 'grace', 'admin')}"}
    key = http.post("/v1/api-keys", json={"name": "k", "user": "ada"}, headers=admin).json()["key"]
    ticket = http.post("/v1/ws-tickets").json()["ticket"]
    http.post("/v1/tokens/revoke", json={"jti": ticket}, headers=admin)  # what is no jti is refused to nobody
    http.get("/v1/sessions", headers={"Authorization": f"Bearer {key}"})
    http.get("/v1/sessions", headers={"Authorization": f"Bearer {token[:-4]}AAAA"})
    http.get("/v1/sessions", headers={"Authorization": f"Bearer {'.'.join(token.split('.')[2:])}"})  # signed alone
    file = http.post("/v1/files", files={"file": ("a.txt", b"nine")}).json()["file_id"]
    link = http.get(f"/v1/files/{file}").json()["url"]
    http.get(link)
    http.get(link[:-3] + "abc")
    secret, page = console_link(ours), {"origin": ours.url, "sec-fetch-site": "same-origin"}
    signed_in = httpx.post(f"{ours.url}/console/sign-in", json={"secret": secret}, headers=page)
    cookie = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
    httpx.get(f"{ours.url}/console/chat", headers={"cookie": signed_in.headers["set-cookie"].partition(";")[0]})
    back = {"code": secret[:20] + "code", "state": secret[:20] + "state", "iss": "https://login.example"}
    httpx.get(f"{ours.url}/console/sign-in/from/acme", params=back)
    signature = link.rpartition("=")[2] if "=" in link else link.rpartition("/")[2]
    return [token, *token.split(".")[2:], key, ticket, secret, cookie, signature, *back.values()]
