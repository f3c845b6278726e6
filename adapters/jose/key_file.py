"""The keys that tokens are signed and encrypted with: JSON Web Keys in a file of JSON, or in a folder of such files."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jwcrypto.common import base64url_decode
from jwcrypto.jwk import JWK

from application.clock import monotonic

LOOK_AGAIN_S = 1.0
LIVE_KEYS = 2
LIVE_FILES = 3
SIGNS_AFTER_S = 120
"""A set that is new in a folder is believed at once, and used this much later: by then every process has it."""
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Live keys by `kid`, one set a use; dicts keep their order, so the first key of each is the one to use. That of
    a file is its own from `signs_from` on (Unix seconds)."""

    signing: dict[str, JWK]
    encryption: dict[str, JWK]
    made_at: float = 0.0
    """Unix seconds of those that sign; of files that do not say it, when they were written."""
    signs_from: float = 0.0


class KeyFile:
    """The keys of a file or of a folder of them, such as a mounted secret is: read again when something changed there,
    so that a rotation needs no restart. In a folder the set signs whose `signs_from` is the latest that has come; all
    are believed."""

    def __init__(
        self, path: Path, *, look_again_s: float = LOOK_AGAIN_S, today: Callable[[], float] = time.time
    ) -> None:
        self._path, self._look_again_s, self._today = path, look_again_s, today
        self._stamp: Stamp = ()
        self._look_at = self._next_signs_at = 0.0
        self._keys = TokenKeys({}, {})
        self.keys()

    def keys(self, *, at_once: bool = False) -> TokenKeys:
        """The live keys, at most `look_again_s` out of date unless they are looked for `at_once`; the last good ones
        while the files are away."""
        if monotonic() < self._look_at and not at_once:
            return self._keys
        self._look_at = monotonic() + self._look_again_s
        try:
            files = _files(self._path)
            stamp = tuple((path.name, found.st_mtime_ns, found.st_ino) for path in files for found in [path.stat()])
            if stamp != self._stamp or self._today() >= self._next_signs_at:
                self._take(files)
                self._stamp = stamp
        except (OSError, ValueError):
            # A file in the middle of being replaced must not sign everybody out; without any keys there is no going on.
            if not self._keys.signing:
                raise
        return self._keys

    def _take(self, files: list[Path]) -> None:
        if not files:
            raise ValueError(f"{self._path} holds no files of token keys (*.json)")
        sets, today = [read_keys(path) for path in files], self._today()
        self._next_signs_at = min((one.signs_from for one in sets if one.signs_from > today), default=float("inf"))
        # The first is used; those whose time is to come stand behind it.
        sets.sort(key=lambda one: (one.signs_from > today, -one.signs_from))
        signing = {kid: key for one in sets for kid, key in one.signing.items()}
        encryption = {kid: key for one in sets for kid, key in one.encryption.items()}
        self._keys = TokenKeys(signing, encryption, sets[0].made_at, sets[0].signs_from)

    def secrets(self) -> list[bytes]:
        """The bytes of the encryption keys, the one to use first; to derive other keys of the installation from."""
        return [base64url_decode(key.get("k")) for key in self.keys().encryption.values()]


def create_key_file(path: Path) -> None:
    """Write a file with fresh keys, readable by its owner only; one that is there already stays."""
    if not path.exists():
        fresh = {"made_at": round(time.time()), "signing": [_signing_key()], "encryption": [_encryption_key()]}
        write_key_file(path, fresh, replace=False)


def rotate_key_file(path: Path) -> None:
    """Put a fresh key of each use in front; the one before it stays good until the next rotation. In a folder that is a
    new file, which signs after `SIGNS_AFTER_S`, and the oldest goes when there are more than `LIVE_FILES`."""
    if path.is_dir():
        before = sorted(_files(path), key=lambda file: read_keys(file).signs_from, reverse=True)
        signs_from = int(time.time()) + (SIGNS_AFTER_S if before else 0)
        times = {"made_at": round(time.time()), "signs_from": signs_from}
        fresh = times | {"signing": [_signing_key()], "encryption": [_encryption_key()]}
        write_key_file(path / f"keys-{signs_from}-{secrets.token_hex(2)}.json", fresh, replace=False)
        for oldest in before[LIVE_FILES - 1 :]:
            oldest.unlink()
        return
    old = json.loads(path.read_bytes())
    fresh = {
        "made_at": round(time.time()),
        "signing": [_signing_key(), *old["signing"]][:LIVE_KEYS],
        "encryption": [_encryption_key(), *old["encryption"]][:LIVE_KEYS],
    }
    write_key_file(path, fresh, replace=True)


def read_keys(path: Path) -> TokenKeys:
    """The keys of a file; OSError when it cannot be read, ValueError when it holds something else."""
    try:
        data = json.loads(path.read_bytes())
        signing = {key["kid"]: JWK(**key) for key in data["signing"]}
        encryption = {key["kid"]: JWK(**key) for key in data["encryption"]}
        made_at = float(data.get("made_at") or path.stat().st_mtime)
        signs_from = float(data.get("signs_from", 0))
    except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a file of token keys ({type(error).__name__})") from None
    if not signing or not encryption:
        raise ValueError(f"{path} holds no token keys")
    return TokenKeys(signing, encryption, made_at, signs_from)


def _files(path: Path) -> list[Path]:
    """The files of keys at a path: it, or those in it."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.glob("*.json") if not file.name.startswith("."))


def _signing_key() -> dict[str, Any]:
    key = JWK.generate(kty="EC", crv="P-256", use="sig", alg="ES256", kid=secrets.token_hex(8))
    return dict(key.export(as_dict=True))


def _encryption_key() -> dict[str, Any]:
    key = JWK.generate(kty="oct", size=256, use="enc", alg="A256GCM", kid=secrets.token_hex(8))
    return dict(key.export(as_dict=True))


def write_key_file(path: Path, content: dict[str, Any], *, replace: bool) -> None:
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
