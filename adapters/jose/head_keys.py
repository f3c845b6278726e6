"""The keys that heads of audit trees are signed with: a JSON Web Key Set in a file of their own, the newest first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from jwcrypto.common import JWException
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from adapters.jose.key_file import write_key_file
from domain.audit_heads import ForgedHead, TreeHead
from domain.refusals import DependencyUnavailable

TYPE = "audit-head+jws"
MAX_HEAD = 4096
_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(TreeHead).decode


class FileHeadKeys:
    """See `application.ports.facts.audit_heads`. The file is read when it is first needed: `DependencyUnavailable` when
    it is not there, ValueError when it holds something else. One of public keys alone verifies and does not sign."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, JWK] = {}

    def sign(self, head: TreeHead) -> str:
        """See the port. RuntimeError when the file holds no private key."""
        name, key = next(((n, k) for n, k in self._keys().items() if k.has_private), (None, None))
        if name is None or key is None:
            raise RuntimeError(f"{self._path} holds no private key to sign heads with")
        signed = JWS(_encode(head))
        signed.add_signature(key, protected={"alg": "ES256", "kid": name, "typ": TYPE})
        return str(signed.serialize(compact=True))

    def _keys(self) -> dict[str, JWK]:
        if not self._read:
            try:
                found = [JWK(**key) for key in json.loads(self._path.read_bytes())["keys"]]
            except OSError as error:
                raise DependencyUnavailable(
                    f"There are no audit keys in {self._path}: run `colloquy migrate`, or set COLLOQUY_AUDIT_KEYS_FILE."
                ) from error
            except (KeyError, TypeError, ValueError, JWException) as error:
                raise ValueError(f"{self._path} is no file of audit keys ({type(error).__name__})") from None
            self._read = {key.thumbprint(): key for key in found}
        return self._read

    def read(self, jws: str) -> TreeHead:
        """See the port."""
        key = self._key(jws)
        try:
            signed = JWS()
            signed.allowed_algs = ["ES256"]
            signed.deserialize(jws, key)
            return _decode(signed.payload)
        except (JWException, msgspec.MsgspecError, ValueError, TypeError):
            raise ForgedHead("its signature is not that of its key") from None

    def public_key(self, jws: str) -> dict[str, Any]:
        """See the port."""
        return _public(self._key(jws))

    def public_keys(self) -> list[dict[str, Any]]:
        """All of them, the one that signs first."""
        return [_public(key) for key in self._keys().values()]

    def _key(self, jws: str) -> JWK:
        try:
            signed = JWS()
            signed.deserialize(jws[: MAX_HEAD + 1])
            header = signed.jose_header
            known = self._keys().get(header.get("kid", ""))
        except (JWException, ValueError, TypeError, AttributeError):
            raise ForgedHead("it is no signed head") from None
        if known is None or header.get("typ") != TYPE or len(jws) > MAX_HEAD:
            raise ForgedHead("it is not signed with a key of this installation")
        return known


def _public(key: JWK) -> dict[str, Any]:
    public: dict[str, Any] = key.export_public(as_dict=True)
    return public | {"kid": key.thumbprint(), "alg": "ES256", "use": "sig"}


def create_head_keys(path: Path) -> None:
    """Write a file with a fresh key, readable by its owner only; one that is there already stays."""
    if not path.exists():
        key = JWK.generate(kty="EC", crv="P-256", use="sig", alg="ES256")
        write_key_file(path, {"keys": [key.export(as_dict=True)]}, replace=False)
