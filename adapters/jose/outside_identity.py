"""`OutsideIdentity` by OpenID Connect: tokens by their issuers' keys, and signing in by code flow with PKCE."""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec

from adapters.jose.compact import BadToken
from adapters.jose.outside_claims import access_identity, signed_in_identity
from adapters.jose.outside_issuers import OutsideIssuer
from adapters.jose.outside_tokens import ACCESS_TYPES, ID_TYPES, SignedTokens
from adapters.jose.provider import KnownProvider
from adapters.jose.provider_documents import ProviderMetadata, answer_of
from application.clock import monotonic
from application.ports.people.outside_identity import Provider, SignInAttempt
from domain.access import Identity
from domain.refusals import DependencyUnavailable, NotFound, Unauthorized

LONGEST_CODE = 2_048
AGENT = "Colloquy/1"


class _Answer(msgspec.Struct, frozen=True):
    """What of a token endpoint's answer is used: the access token is for others."""

    id_token: str


class OidcIdentity:
    """See `application.ports.people.outside_identity.OutsideIdentity`."""

    def __init__(
        self,
        issuers: Sequence[OutsideIssuer],
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        self._http, self._clock, self._tokens = http, clock, SignedTokens()
        self._providers = {one.issuer: KnownProvider(one, http, steady) for one in issuers}
        self._by_name = {one.name: self._providers[one.issuer] for one in issuers if one.client_id}
        self.longest_s = float(max((one.max_ttl_s for one in issuers), default=0))

    async def verify(self, token: str) -> Identity:
        """See the port."""
        try:
            provider = self._providers.get(self._tokens.claimed_issuer(token))
            if provider is None:
                raise BadToken("another issuer")
            claims = await self._tokens.claims(token, provider, ACCESS_TYPES)
            return access_identity(claims, provider.issuer, token, self._clock())
        except BadToken as reason:
            raise Unauthorized(str(reason)) from None

    def offered(self) -> Sequence[Provider]:
        """See the port."""
        issuers = [provider.issuer for provider in self._by_name.values()]
        return [Provider(one.name, one.title or urlsplit(one.issuer).hostname or one.name) for one in issuers]

    async def begin(self, provider: str, redirect_uri: str) -> tuple[SignInAttempt, str]:
        """See the port."""
        known = self._named(provider)
        metadata = await self._usable(known)
        attempt = SignInAttempt(provider, *(secrets.token_urlsafe(32) for _ in range(3)))
        challenge = urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": known.issuer.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(known.issuer.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return attempt, f"{metadata.authorization_endpoint}{joint}{urlencode(asked)}"

    async def finish(self, attempt: SignInAttempt, code: str, redirect_uri: str, issuer: str = "") -> Identity:
        """See the port. Whose answer it is, is told by the address it came to, by the attempt, by `iss` (RFC 9207) and
        by the token: an answer of one provider is never taken to another."""
        known = self._named(attempt.provider)
        metadata = await self._usable(known)
        wanted = metadata.authorization_response_iss_parameter_supported
        if (issuer or wanted) and issuer != known.issuer.issuer:
            raise Unauthorized("an answer of another issuer")
        if not 1 <= len(code) <= LONGEST_CODE:
            raise Unauthorized("no code")
        token = await self._redeem(known.issuer, metadata, attempt, code, redirect_uri)
        try:
            claims = await self._tokens.claims(token, known, ID_TYPES)
            return signed_in_identity(claims, known.issuer, token, attempt.nonce, self._clock())
        except BadToken as reason:
            raise Unauthorized(str(reason)) from None

    async def close(self) -> None:
        """Ask no more."""
        for provider in self._providers.values():
            await provider.close()

    def _named(self, name: str) -> KnownProvider:
        if name not in self._by_name:
            raise NotFound
        return self._by_name[name]

    async def _usable(self, known: KnownProvider) -> ProviderMetadata:
        metadata = await known.metadata()
        if not (metadata.authorization_endpoint and metadata.token_endpoint):
            raise DependencyUnavailable(f"{known.issuer.name}: its configuration names no pages to sign in at")
        if "S256" not in metadata.code_challenge_methods_supported:
            raise DependencyUnavailable(f"{known.issuer.name}: it does not take PKCE by S256")
        return metadata

    async def _redeem(
        self, issuer: OutsideIssuer, metadata: ProviderMetadata, attempt: SignInAttempt, code: str, redirect_uri: str
    ) -> str:
        """The ID token for a code, with the word that only who began the attempt has."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": issuer.client_id,
        }
        secret: httpx.BasicAuth | None = None
        if issuer.client_secret and "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
            secret = httpx.BasicAuth(quote(issuer.client_id, safe=""), quote(issuer.client_secret, safe=""))
        elif issuer.client_secret:
            form["client_secret"] = issuer.client_secret
        request = self._http.build_request(
            "POST", metadata.token_endpoint, data=form, headers={"accept": "application/json"}
        )
        if secret is not None:
            request = next(secret.auth_flow(request))
        try:
            return msgspec.json.decode(
                await answer_of(self._http, request, refused=Unauthorized), type=_Answer
            ).id_token
        except msgspec.MsgspecError:
            raise Unauthorized("an answer without an ID token") from None


@asynccontextmanager
async def open_outside_identity(issuers: Sequence[OutsideIssuer]) -> AsyncIterator[OidcIdentity]:
    """Of these issuers; nothing is asked before somebody comes."""
    async with httpx.AsyncClient(headers={"user-agent": AGENT}, timeout=5.0) as http:
        identity = OidcIdentity(issuers, http)
        try:
            yield identity
        finally:
            await identity.close()
