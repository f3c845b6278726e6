"""Verifies an export of the audit log on its own: Python and `cryptography` are all that it needs.

    python verify_export.py log.jsonl [--key KEY.json] [--since EARLIER_LINE.json]

Each fact's leaf is hashed anew and read (MessagePack), the tree is built (RFC 6962), the head's signature is checked
(ES256). `--key` is the public key as you got it on another way: without it the export is only checked against itself.
`--since` is the last line of an export that you hold from before: this log must begin with that one. What is wrong is
said line by line, with position and stream; the exit code is 0 only when nothing is.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


class TreeEdge:
    """The complete subtrees of a tree that grows, the largest first."""

    def __init__(self) -> None:
        self.size, self.nodes = 0, list[bytes]()

    def append(self, node: bytes) -> None:
        """One more leaf's hash."""
        carried = self.size
        while carried & 1:
            node = hashlib.sha256(b"\x01" + self.nodes.pop() + node).digest()
            carried >>= 1
        self.nodes.append(node)
        self.size += 1

    def root(self) -> str:
        """The root of the tree so far, hex."""
        if not self.nodes:
            return hashlib.sha256(b"").hexdigest()
        root = self.nodes[-1]
        for left in reversed(self.nodes[:-1]):
            root = hashlib.sha256(b"\x01" + left + root).digest()
        return root.hex()


def read_leaf(leaf: bytes) -> list[Any]:
    """[position, stream, version, kind, state] of a leaf; ValueError when it is none."""
    at, found = 1, list[Any]()
    if leaf[:1] != b"\x95":
        raise ValueError("not an array of five")
    while at < len(leaf):
        value, at = _item(leaf, at)
        found.append(value)
    if [type(value) for value in found] == [int, str, int, str, bytes]:
        return found
    raise ValueError("not the five parts of a leaf")


def _item(leaf: bytes, at: int) -> tuple[Any, int]:
    tag, at = leaf[at], at + 1
    if tag <= 0x7F:
        return tag, at
    if 0xCC <= tag <= 0xCF:
        size = 1 << (tag - 0xCC)
        return int.from_bytes(leaf[at : at + size], "big"), at + size
    if 0xA0 <= tag <= 0xBF:
        size, text = tag & 0x1F, True
    elif tag in (0xC4, 0xC5, 0xC6, 0xD9, 0xDA, 0xDB):
        text, width = tag >= 0xD9, 1 << (tag - (0xD9 if tag >= 0xD9 else 0xC4))
        size, at = int.from_bytes(leaf[at : at + width], "big"), at + width
    else:
        raise ValueError(f"unknown MessagePack tag {tag:#x}")
    piece = leaf[at : at + size]
    return (piece.decode() if text else piece), at + size


def unbase64url(text: str) -> bytes:
    """Bytes of unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(key: dict[str, str]) -> str:
    """RFC 7638."""
    said = json.dumps({name: key[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(said.encode()).digest()).rstrip(b"=").decode()


def signed_claims(jws: str, key: dict[str, str]) -> dict[str, Any]:
    """What a signed head says; ValueError when it was not signed with this key."""
    head, payload, signature = jws.split(".")
    header, mark = json.loads(unbase64url(head)), unbase64url(signature)
    if header.get("alg") != "ES256" or header.get("kid") != thumbprint(key) or key["crv"] != "P-256" or len(mark) != 64:
        raise ValueError("the head is not signed with the given key")
    x, y = (int.from_bytes(unbase64url(key[name]), "big") for name in ("x", "y"))
    r, s = (int.from_bytes(half, "big") for half in (mark[:32], mark[32:]))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        public.verify(encode_dss_signature(r, s), f"{head}.{payload}".encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise ValueError("the signature of the head is wrong") from None
    claims: dict[str, Any] = json.loads(unbase64url(payload))
    return claims


class Verifier:
    """Takes the lines of an export in order, and says what is wrong with each."""

    def __init__(self, pinned: dict[str, str] | None, since: dict[str, Any] | None) -> None:
        self.pinned, self.since, self.earlier = pinned, since, ""
        self.edge, self.tenant, self.last, self.versions = TreeEdge(), "", 0, dict[str, int]()

    def faults(self, lines: Iterator[str]) -> Iterator[str]:
        """What is wrong with an export, in words."""
        for line in lines:
            row = json.loads(line)
            if "head" in row:
                yield from self.of_head(row["head"], self.pinned or row["public_key"])
                return
            yield from self.of_fact(row)
        yield f"truncated: after position {self.last}: there is no signed head at the end"

    def of_fact(self, row: dict[str, Any]) -> Iterator[str]:
        """What is wrong with a fact."""
        where, leaf = f"position {row['position']} of {row['stream']}", base64.b64decode(row["leaf"])
        hashed = hashlib.sha256(b"\x00" + leaf).digest()
        self.edge.append(hashed)
        if self.since and self.edge.size == self.since["tree_size"]:
            self.earlier = self.edge.root()
        if hashed.hex() != row["leaf_hash"]:
            yield f"altered: {where}: its leaf has another hash"
        try:
            position, stream, version, kind, _ = read_leaf(leaf)
        except (ValueError, IndexError) as error:
            yield f"altered: {where}: its leaf cannot be read ({error})"
            return
        if [position, stream, version, kind] != [row["position"], row["stream"], row["version"], row["kind"]]:
            yield f"altered: {where}: its leaf is of version {version} of {stream} at position {position}"
        yield from self.of_order(where, position, stream, version)

    def of_order(self, where: str, position: int, stream: str, version: int) -> Iterator[str]:
        """What is wrong with the place of a fact."""
        owner, before = stream.partition("/")[0], self.versions.get(stream, 0)
        if position <= self.last:
            yield f"reordered: {where}: it comes after position {self.last}"
        self.tenant, self.last, self.versions[stream] = self.tenant or owner, max(self.last, position), version
        if owner != self.tenant:
            yield f"foreign: {where}: this is the log of {self.tenant}"
        if version != before + 1:
            yield f"{'missing' if version > before else 'reordered'}: {where}: version {version} follows {before}"

    def of_head(self, head: dict[str, Any], key: dict[str, str]) -> Iterator[str]:
        """What is wrong with the signed head, and between it and the one that is held from before."""
        try:
            claims = signed_claims(head["jws"], key)
        except (ValueError, KeyError, TypeError) as error:
            yield f"forged head: {error}"
            return
        size, root = claims["tree_size"], claims["root_hash"]
        if (size, root) != (head["tree_size"], head["root_hash"]):
            yield "forged head: it says something else than what was signed"
        if self.tenant and claims["tenant"] != self.tenant:
            yield f"foreign: the head is of {claims['tenant']}"
        if self.edge.size != size:
            kind = "truncated" if self.edge.size < size else "inserted"
            yield f"{kind}: there are {self.edge.size} facts, and the head was signed over {size}"
        elif self.edge.root() != root:
            yield "altered: the root of these facts is not the one that was signed"
        if self.since and size < self.since["tree_size"]:
            yield f"truncated: you hold a head of {self.since['tree_size']} facts, and this is one of {size}"
        elif self.since and self.earlier != self.since["root_hash"]:
            yield f"altered: the first {self.since['tree_size']} facts are not those of the head that you hold"


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--key", type=lambda path: json.loads(Path(path).read_text()))
    parser.add_argument("--since", type=lambda path: json.loads(Path(path).read_text()))
    asked = parser.parse_args()
    since = (asked.since or {}).get("head", asked.since)
    with asked.export.open() as lines:
        found = list(Verifier(asked.key, since).faults(lines))
    against = "" if asked.key else " (against the key in the export itself)"
    said = [*found, "NOT VERIFIED" if found else f"verified{against}"]
    sys.stdout.write("\n".join(said) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
