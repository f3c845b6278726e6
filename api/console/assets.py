"""What pages load: our scripts, style and icon, and scripts of libraries out of their installed wheels."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib.metadata
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath

from api.console.smaller import smaller
from domain.refusals import NotFound

STATIC = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
ROOT = "/console/assets"
# A page that needs a library names it by the first word; it comes out of the package, at the path in it.
LIBRARIES: dict[str, tuple[str, str]] = {"plotly": ("plotly", "package_data/plotly.min.js")}


class Asset(msgspec.Struct, frozen=True):
    """A file as browsers get it."""

    kind: str
    plain: bytes
    packed: bytes


def packed(path: Path, written: bytes | None = None) -> Asset:
    """A file, or what is sent instead of it, with its compressed form."""
    plain = path.read_bytes() if written is None else written
    return Asset(KINDS[path.suffix], plain, gzip.compress(plain, 9, mtime=0))


@cache
def own_assets() -> dict[str, Asset]:
    """Every file of ours by its name; read once."""
    sent = smaller({path.name: path.read_text() for path in sorted(STATIC.iterdir()) if path.suffix in KINDS})
    return {name: packed(STATIC / name, text.encode()) for name, text in sent.items()}


@cache
def edition() -> str:
    """A name for all of our files as they are: what a page loads under it never changes, and modules find each other
    beside themselves."""
    digest = hashlib.sha256()
    for name, asset in own_assets().items():
        digest.update(f"{name}\0{len(asset.plain)}\0".encode() + asset.plain)
    return digest.hexdigest()[:16]


def asset_url(name: str) -> str:
    """Where a file of ours is; KeyError for one that is not there, so that no page can ask for it."""
    if name not in own_assets():
        raise KeyError(f"the console has no file {name}")
    return f"{ROOT}/{edition()}/{name}"


def library_url(name: str) -> str:
    """Where a library's script is: its version is in the URL."""
    package, _ = LIBRARIES[name]
    return f"{ROOT}/{name}-{importlib.metadata.version(package)}/{name}.js"


@cache
def library(name: str) -> Asset:
    """A library's script; read and compressed once, which takes a while: call it on a thread."""
    package, inside = LIBRARIES[name]
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None, "it is a dependency"
    return packed(Path(spec.origin).parent / inside)


@get(f"{ROOT}/{{where:str}}/{{name:str}}", public=True)
async def show_asset(request: Request[Any, Any, Any], where: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A file under the name of its edition, which browsers keep for good."""
    return _answer(request, await _find(where, name), FOREVER)


@get(["/favicon.ico", "/favicon.svg"], public=True)
async def show_icon(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The icon, where browsers look for it by themselves."""
    return _answer(request, own_assets()["icon.svg"], "public, max-age=86400")


async def _find(where: str, name: str) -> Asset:
    if where == edition() and name in own_assets():
        return own_assets()[name]
    for known in LIBRARIES:
        if library_url(known) == f"{ROOT}/{where}/{name}":
            return await asyncio.to_thread(library, known)
    raise NotFound


def _answer(request: Request[Any, Any, Any], asset: Asset, keep: str) -> Response[bytes]:
    headers = {"cache-control": keep, "vary": "accept-encoding", "cross-origin-resource-policy": "same-origin"}
    takes = request.headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
    if "gzip" in takes:
        headers["content-encoding"] = "gzip"
    return Response(asset.packed if "gzip" in takes else asset.plain, media_type=asset.kind, headers=headers)
