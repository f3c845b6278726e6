"""EPUB (3.3) to text: its chapters in the order of the spine."""

from __future__ import annotations

import posixpath
import zipfile
from io import BytesIO
from urllib.parse import unquote

from adapters.extract.archive import check_archive
from adapters.extract.draft import Draft
from adapters.extract.html_text import read_html
from adapters.extract.opc import BROKEN, Package, attribute, descendants
from domain.refusals import DocumentRefused

MOST_CHAPTERS = 5_000
CONTAINER = "META-INF/container.xml"


def read_epub(body: bytes) -> Draft:
    """A book. One that is encrypted is `password_protected`."""
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive, pages=True)
            return _read(Package(archive))
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The book is damaged.") from error


def _read(package: Package) -> Draft:
    draft = Draft()
    container = package.root(CONTAINER)
    found = descendants(container, "container:rootfile") if container is not None else ()
    main = next((attribute(one, "full-path") for one in found), "")
    root = package.root(main)
    if root is None:
        raise DocumentRefused("unreadable", "The book is damaged.")
    draft.title = next(("".join(one.itertext()) for one in descendants(root, "dc:title")), "")
    parts = {attribute(one, "id"): attribute(one, "href") for one in descendants(root, "opf:item")}
    spine = [attribute(one, "idref") for one in descendants(root, "opf:itemref")]
    locked = _locked(package)
    for number, id in enumerate(spine[:MOST_CHAPTERS], 1):
        name = posixpath.normpath(posixpath.join(posixpath.dirname(main), unquote(parts.get(id, ""))))
        if name in locked:
            raise DocumentRefused("password_protected", "The book is locked.")
        _chapter(draft, package, name, number)
    draft.warn(*package.warnings)
    return draft


def _chapter(draft: Draft, package: Package, name: str, number: int) -> None:
    try:
        read = read_html(package.read(name))
    except (DocumentRefused, *BROKEN):
        draft.warn(f"Chapter {number} is damaged and could not be read.")
        return
    if read.says_anything:
        draft.cut()
        draft.put_in(read)


def _locked(package: Package) -> set[str]:
    root = package.root("META-INF/encryption.xml")
    found = root.iter() if root is not None else ()
    return {unquote(uri) for one in found if (uri := attribute(one, "URI")) and not uri.startswith("#")}
