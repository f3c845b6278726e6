"""The keys that tokens are signed and encrypted with: a JSON file of two lists of JSON Web Keys, the newest first."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwcrypto.common import base64url_decode
from jwcrypto.jwk import JWK

from application.clock import monotonic

LOOK_AGAIN_S = 1.0
LIVE_KEYS = 2


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Live keys by `kid`, one set a use; dicts keep the file's order, so the first key of each is the one to use."""

    signing: dict[str, JWK]
    encryption: dict[str, JWK]
    made_at: float = 0.0
    """Unix seconds of the newest; of files that do not say it, when they were written."""


class KeyFile:
    """The keys in a file, read again when it has changed, so that a rotation needs no restart."""

    def __init__(self, path: Path, *, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._path, self._look_again_s = path, look_again_s
        self._stamp: tuple[int, int] = (0, 0)
        self._look_at = 0.0
        self._keys = TokenKeys({}, {})
        self.keys()

    def keys(self) -> TokenKeys:
        """The live keys, at most `look_again_s` out of date; the last good ones while the file is away."""
        if monotonic() < self._look_at:
            return self._keys
        self._look_at = monotonic() + self._look_again_s
        try:
            found = self._path.stat()
            stamp = (found.st_mtime_ns, found.st_ino)
            if stamp != self._stamp:
                self._keys, self._stamp = read_keys(self._path), stamp
        except (OSError, ValueError):
            # A file in the middle of being replaced must not sign everybody out; without any keys there is no going on.
            if not self._keys.signing:
                raise
        return self._keys

    def secrets(self) -> list[bytes]:
        """The bytes of the encryption keys, the one to use first; to derive other keys of the installation from."""
        return [base64url_decode(key.get("k")) for key in self.keys().encryption.values()]


def create_key_file(path: Path) -> None:
    """Write a file with fresh keys, readable by its owner only; one that is there already stays."""
    if not path.exists():
        fresh = {"made_at": round(time.time()), "signing": [_signing_key()], "encryption": [_encryption_key()]}
        _write(path, fresh, replace=False)


def rotate_key_file(path: Path) -> None:
    """Put a fresh key of each use in front; the one before it stays good until the next rotation."""
    old = json.loads(path.read_bytes())
    fresh = {
        "made_at": round(time.time()),
        "signing": [_signing_key(), *old["signing"]][:LIVE_KEYS],
        "encryption": [_encryption_key(), *old["encryption"]][:LIVE_KEYS],
    }
    _write(path, fresh, replace=True)


def read_keys(path: Path) -> TokenKeys:
    """The keys of a file; OSError when it cannot be read, ValueError when it holds something else."""
    try:
        data = json.loads(path.read_bytes())
        signing = {key["kid"]: JWK(**key) for key in data["signing"]}
        encryption = {key["kid"]: JWK(**key) for key in data["encryption"]}
        made_at = float(data.get("made_at") or path.stat().st_mtime)
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a file of token keys ({type(error).__name__})") from None
    if not signing or not encryption:
        raise ValueError(f"{path} holds no token keys")
    return TokenKeys(signing, encryption, made_at)


def _signing_key() -> dict[str, Any]:
    key = JWK.generate(kty="EC", crv="P-256", use="sig", alg="ES256", kid=secrets.token_hex(8))
    return dict(key.export(as_dict=True))


def _encryption_key() -> dict[str, Any]:
    key = JWK.generate(kty="oct", size=256, use="enc", alg="A256GCM", kid=secrets.token_hex(8))
    return dict(key.export(as_dict=True))


def _write(path: Path, content: dict[str, Any], *, replace: bool) -> None:
    """Whole or not at all: into a file beside it, then moved (or linked, which leaves an existing one alone)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        if replace:
            beside.replace(path)
        else:
            path.hardlink_to(beside)
    except FileExistsError:
        pass  # another process was first: its keys are the installation's
    finally:
        beside.unlink(missing_ok=True)
