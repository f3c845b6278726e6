"""A stand-in for an OpenID Connect provider: its wire, its keys and its sign-in page, in this process or on a port."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import httpx
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from tests.forge import dated

CLIENT, SECRET = "console-client", "a secret: with a colon"
Answer = tuple[int, dict[str, str], bytes]


class IdentityProvider:
    """People by name with their claims; keys by `kid`, the last one signs. `spoiled` are claims that its ID tokens
    have instead; `away`, it answers nothing that is of use."""

    def __init__(
        self, issuer: str, people: Mapping[str, dict[str, Any]], *, alg: str = "RS256", secret: str = ""
    ) -> None:
        self.issuer, self.people, self.alg, self.secret = issuer, people, alg, secret
        self.keys: dict[str, JWK] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: Counter[str] = Counter()
        self.configuration: dict[str, Any] = {}
        self.published: list[dict[str, Any]] | None = None
        self.spoiled: dict[str, Any] = {}
        self.away = False
        self.rotate()

    def rotate(self, *, keep: bool = True) -> str:
        """Sign with a new key; `keep` the ones before."""
        kid = secrets.token_hex(4)
        made = JWK.generate(kty="RSA", size=2048) if self.alg == "RS256" else JWK.generate(kty="EC", crv="P-256")
        self.keys = {**(self.keys if keep else {}), kid: made}
        return kid

    def claims(self, name: str, **changes: Any) -> dict[str, Any]:
        """Of an access token for the API; None leaves one out."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "colloquy-api", "sub": name, "iat": now, "exp": now + 600, "jti": "o-1"}
        claims |= self.people.get(name, {}) | dated(changes, now)
        return {key: value for key, value in claims.items() if value is not None}

    def sign(self, claims: dict[str, Any] | str, *, key: JWK | None = None, **header: Any) -> str:
        """A token of these claims; None leaves a header out."""
        kid = list(self.keys)[-1]
        protected = {"alg": self.alg, "kid": kid, "typ": "at+jwt"} | header
        text = claims if isinstance(claims, str) else json.dumps(claims)
        signed = JWS(text.encode("utf-8", "surrogatepass"))
        signed.allowed_algs = ["RS256", "RS384", "PS256", "ES256", "HS256"]
        protected = {name: value for name, value in protected.items() if value is not None}
        signed.add_signature(key or self.keys[kid], alg=protected["alg"], protected=json.dumps(protected))
        return str(signed.serialize(compact=True))

    def token(self, name: str = "ada", **changes: Any) -> str:
        """An access token of somebody."""
        return self.sign(self.claims(name, **changes))

    def transport(self) -> httpx.MockTransport:
        """A network on which there is nobody but this provider."""

        def answer(request: httpx.Request) -> httpx.Response:
            status, headers, body = self.answer(request.method, str(request.url), request.headers, request.content)
            return httpx.Response(status, headers=headers, content=body)

        return httpx.MockTransport(answer)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """The same at its issuer's own address and port."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                url = f"http://{self.headers['host']}{self.path}"
                status, headers, answer = provider.answer(self.command, url, _lower(self.headers), body)
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(answer))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", urlsplit(self.issuer).port or 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """To one request."""
        parts = urlsplit(url)
        path = parts.path.removeprefix(urlsplit(self.issuer).path.rstrip("/"))
        self.asked[path] += 1
        if self.away or not url.startswith(self.issuer):
            return 503, {}, b"away"
        said = {key: values[0] for key, values in parse_qs(body.decode() if method == "POST" else parts.query).items()}
        match path:
            case "/.well-known/openid-configuration":
                return _json(self._configuration() | self.configuration)
            case "/keys":
                return _json({"keys": self._published() if self.published is None else self.published})
            case "/authorize":
                return self._page(said) if method == "GET" else self._signed_in(said)
            case "/token":
                return self._token(said, headers.get("authorization", ""))
            case "/favicon.ico":
                return 204, {}, b""
        return 404, {}, b""

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def _published(self) -> list[dict[str, Any]]:
        return [
            {**key.export_public(as_dict=True), "kid": kid, "use": "sig", "alg": self.alg}
            for kid, key in self.keys.items()
        ]

    def _page(self, asked: dict[str, str]) -> Answer:
        """Where people say who they are."""
        hidden = "".join(f'<input type="hidden" name="{key}" value="{html.escape(asked[key])}">' for key in asked)
        form = f'<form method="post">{hidden}<label>Name <input name="login"></label><button>Continue</button></form>'
        return 200, {"content-type": "text/html"}, f"<!doctype html><title>Provider</title>{form}".encode()

    def _signed_in(self, said: dict[str, str]) -> Answer:
        code = secrets.token_urlsafe(16)
        self.codes[code] = said
        back = urlencode({"code": code, "state": said["state"], "iss": self.issuer})
        return 303, {"location": f"{said['redirect_uri']}?{back}"}, b""

    def _token(self, said: dict[str, str], authorization: str) -> Answer:
        """A code is good once, for who asked for it (RFC 7636, 4.6)."""
        asked = self.codes.pop(said.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(said.get("code_verifier", "").encode()).digest())
        knows_secret = not self.secret or _basic(authorization) == (CLIENT, self.secret)
        if (
            asked is None
            or said.get("client_id") != CLIENT
            or not knows_secret
            or asked["code_challenge"] != challenge.decode().rstrip("=")
            or asked["redirect_uri"] != said.get("redirect_uri")
        ):
            return 400, {}, b'{"error": "invalid_grant"}'
        claims = self.claims(asked["login"], **({"aud": CLIENT, "nonce": asked["nonce"]} | self.spoiled))
        return _json({"id_token": self.sign(claims, typ="JWT"), "access_token": "x", "token_type": "Bearer"})

    def code_for(self, name: str, sent_to: str) -> dict[str, str]:
        """What a browser brings back that was sent to this address, and whose user said to be `name`."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(sent_to).query).items()}
        location = self._signed_in(asked | {"login": name})[1]["location"]
        return {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}


def _basic(authorization: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote(name), unquote(secret)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in headers.items()}


def _json(value: Any) -> Answer:
    return 200, {"content-type": "application/json"}, json.dumps(value).encode()
