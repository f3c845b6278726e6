"""Office packages (ECMA-376, part 2): their parts by name, what each points to, and their elements by short names."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote

from lxml import etree

BROKEN = (
    zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, AttributeError, RuntimeError, OSError,
    EOFError, NotImplementedError,
)  # fmt: skip
"""What reading an archive that is none, or one with a damaged part, ends in."""
PREFIXES = {
    "wordprocessingml/2006/main": "w", "wordprocessingml/main": "w", "officeDocument/2006/math": "m",
    "officeDocument/math": "m", "drawingml/2006/main": "a", "drawingml/main": "a", "drawingml/2006/chart": "c",
    "drawingml/chart": "c", "drawingml/2006/diagram": "dgm", "drawingml/diagram": "dgm",
    "presentationml/2006/main": "p", "presentationml/main": "p", "spreadsheetml/2006/main": "x",
    "spreadsheetml/main": "x", "markup-compatibility/2006": "mc", "schemas-microsoft-com:vml": "v",
    "office/word/2010/wordml": "w14", "opendocument:xmlns:text:1.0": "text", "opendocument:xmlns:table:1.0": "table",
    "opendocument:xmlns:office:1.0": "office", "opendocument:xmlns:drawing:1.0": "draw",
    "opendocument:xmlns:presentation:1.0": "presentation", "purl.org/dc/elements/1.1/": "dc",
    "svg-compatible:1.0": "svg", "opendocument:xmlns:style:1.0": "style", "1998/Math/MathML": "math",
    "container": "container", "www.idpf.org/2007/opf": "opf", "daisy.org/z3986/2005/ncx/": "ncx",
    "powerpoint/2018/8/main": "p188",
}  # fmt: skip
"""How the namespaces end that are read here, of the transitional and of the strict form."""
LINKED = {
    "image": "A picture", "oleObject": "An embedded file", "package": "An embedded file",
    "externalLinkPath": "A workbook",
    "attachedTemplate": "A template", "video": "A video", "audio": "A recording", "media": "A recording",
}  # fmt: skip
_SHORT: dict[str, str] = {}
MAX_KNOWN_NAMES = 20_000


class PartLink(NamedTuple):
    """What a part points to: the last word of the relation's type, and a part's name, or an address outside."""

    type: str
    target: str
    external: bool


def tag(element: Any) -> str:
    """An element's name as `w:p`, in either form of the standard; `?:p` of another namespace, and empty of what is no
    element."""
    whole = element.tag
    if not isinstance(whole, str):
        return ""
    short = _SHORT.get(whole)
    if short is None:
        namespace, _, name = whole.rpartition("}")
        known = (prefix for end, prefix in PREFIXES.items() if namespace.endswith(end))
        short = f"{next(known, '?')}:{name}"
        if len(_SHORT) < MAX_KNOWN_NAMES:
            _SHORT[whole] = short
    return short


def attribute(element: Any, name: str) -> str:
    """An attribute by its local name, whatever its namespace; empty when there is none."""
    for key, value in element.attrib.items():
        if key == name or key.endswith("}" + name):
            return str(value)
    return ""


def child(element: Any | None, *path: str) -> Any | None:
    """The first element along a path of short names."""
    for name in path:
        element = next((one for one in element if tag(one) == name), None) if element is not None else None
        if element is None:
            return None
    return element


def descendants(element: Any, *names: str) -> Iterator[Any]:
    """All elements of these short names, in order."""
    return (one for one in element.iter() if tag(one) in names)


class Package:
    """The parts of an archive. What is damaged in one is noted in `warnings` and costs that part alone."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in archive.namelist()}
        self.warnings: list[str] = []

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._names

    def names(self) -> list[str]:
        """All parts, small letters."""
        return list(self._names)

    def read(self, part: str) -> bytes:
        """Its bytes. KeyError when there is none such; what `BROKEN` lists when it is damaged."""
        return self._archive.read(self._names[part.lower()])

    def root(self, part: str, called: str = "") -> Any | None:
        """A part's root element; None when it is not there or, with a warning, beyond repair. What can be read of a
        damaged one is. `called` is what it is for its reader."""
        if part not in self:
            return None
        name = called or "A part of the document"
        try:
            body = self.read(part)
        except BROKEN:
            self.warn(f"{name} is damaged and could not be read.")
            return None
        try:
            return etree.fromstring(body, _parser())
        except etree.XMLSyntaxError:
            root = etree.fromstring(body, _parser(recover=True))
            self.warn(f"{name} is damaged and could be read only in part.")
            return root

    def relations(self, part: str) -> dict[str, PartLink]:
        """What a part points to, by id; `` is the package itself."""
        folder, name = posixpath.split(part)
        root = self.root(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, PartLink] = {}
        for one in root if root is not None else ():
            type, target = attribute(one, "Type").rpartition("/")[2], attribute(one, "Target")
            external = attribute(one, "TargetMode") == "External"
            if not external:
                target = unquote(target.partition("#")[0].partition("?")[0])
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            found[attribute(one, "Id")] = PartLink(type, target, external)
        return found

    def note_links(self) -> None:
        """Warn of what is linked, and was not fetched."""
        for name in self._names:
            if name.endswith(".rels"):
                for relation in self._externals(name):
                    self.warn(f"{LINKED.get(relation, 'Something')} that the document only links to was not fetched.")

    def _externals(self, name: str) -> list[str]:
        root = self.root(name)
        found = (one for one in root if attribute(one, "TargetMode") == "External") if root is not None else ()
        return [kind for one in found if (kind := attribute(one, "Type").rpartition("/")[2]) != "hyperlink"]

    def warn(self, warning: str) -> None:
        """Note once what was not read."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    def title(self) -> str:
        """The document's own title, or nothing."""
        core = next((one.target for one in self.relations("").values() if one.type == "core-properties"), "")
        root = self.root(core or "docprops/core.xml")
        found = next(descendants(root, "dc:title"), None) if root is not None else None
        return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, recover=recover
    )
