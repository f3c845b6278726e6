"""Word documents to text: every part that a reader sees, in order; what was deleted or moved away is left out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from adapters.extract.archive import check_archive
from adapters.extract.draft import Draft
from adapters.extract.kinds import OLE_MAGIC
from adapters.extract.opc import BROKEN, Package, PartLink, attribute, child, descendants, tag
from adapters.extract.word_numbering import Numbering
from adapters.extract.word_story import Block, Story
from adapters.extract.word_styles import OFF, Styles
from domain.refusals import DocumentRefused

Chunk = Callable[[str, bytes], list[str]]
"""What a document put into this one says, by its name and bytes; `adapters.extract.reading` knows all kinds."""
NOTE_PARTS = {"footnote": "footnotes", "endnote": "endnotes", "comment": "comments"}
UNSAID = frozenset(("separator", "continuationSeparator", "continuationNotice"))
MOST_LINES_OF_A_NOTE = 1_000


def read_docx(body: bytes, chunk: Chunk) -> Draft:
    """Headers first, then the body with each note after the paragraph that it belongs to, footers last."""
    if body.startswith(OLE_MAGIC):
        raise DocumentRefused("password_protected", "The document asks for a password.")
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            check_archive(archive)
            package = Package(archive)
            return _Document(package, chunk).draft()
    except BROKEN as error:
        raise DocumentRefused("unreadable", "The document is damaged.") from error


class _Document:
    def __init__(self, package: Package, chunk: Chunk) -> None:
        self._package, self._chunk = package, chunk
        package.note_links()
        whole = package.relations("").values()
        self._main = next((one.target for one in whole if one.type == "officeDocument"), "word/document.xml")
        self._relations = package.relations(self._main)
        self._styles = Styles(self._linked_root("styles"))
        self._numbering = Numbering(self._linked_root("numbering"))
        self._notes = {kind: self._notes_of(part) for kind, part in NOTE_PARTS.items()}
        self._numbers = dict.fromkeys(NOTE_PARTS, 0)

    def draft(self) -> Draft:
        draft = Draft()
        root = self._package.root(self._main, "The document's text")
        if root is None:
            raise DocumentRefused("unreadable", "The document is damaged.")
        draft.title = self._package.title()
        edges = list(self._edges(root))
        for kind in ("w:headerReference", "", "w:footerReference"):
            blocks = self._story(self._main, root) if not kind else self._running(edges, kind)
            for block in blocks:
                if block.heading:
                    draft.heading(block.text)
                draft.add(block.text)
        draft.warn(*self._package.warnings)
        return draft

    def _story(self, part: str, root: Any) -> Iterator[Block]:
        return Story(
            self._package, part, root, self._styles, numbering=self._numbering, notes=self._note, others=self._put_in
        ).blocks(root)

    def _edges(self, root: Any) -> Iterator[tuple[str, str]]:
        """The headers and footers that are shown, each part once: (kind of reference, part). A section has those of the
        one before it where it has none of its own."""
        settings = self._linked_root("settings")
        both_sides = _is_on(child(settings, "w:evenAndOddHeaders"))
        seen: set[str] = set()
        inherited: dict[tuple[str, str], str] = {}
        for section in descendants(root, "w:sectPr"):
            shown = {"default"} | ({"first"} if _is_on(child(section, "w:titlePg")) else set())
            shown |= {"even"} if both_sides else set()
            own = (one for one in section if tag(one).endswith("Reference"))
            inherited |= {(tag(one), attribute(one, "type")): attribute(one, "id") for one in own}
            for (edge, kind), id in inherited.items():
                relation = self._relations.get(id)
                if relation and kind in shown and relation.target not in seen:
                    seen.add(relation.target)
                    yield edge, relation.target

    def _running(self, edges: list[tuple[str, str]], kind: str) -> Iterator[Block]:
        """What stands on every page, once."""
        said = set()
        for edge, part in edges:
            root = self._package.root(part, "A header or footer") if edge == kind else None
            for block in self._story(part, root) if root is not None else ():
                if block.text not in said:
                    said.add(block.text)
                    yield Block(block.text)

    def _note(self, kind: str, id: str) -> list[str]:
        part, element = self._notes[kind].pop(id, ("", None))
        if element is None:
            return []
        text = "\n".join(block.text for block in self._story(part, element))
        self._numbers[kind] += 1
        author = attribute(element, "author")
        called = f"Comment by {author}" if author else "Comment" if kind == "comment" else ""
        return [f"{called or f'{kind.capitalize()} {self._numbers[kind]}'}: {text}"] if text.strip() else []

    def _notes_of(self, type: str) -> dict[str, tuple[str, Any]]:
        part = self._linked(type)
        root = self._package.root(part, f"The part with the {type}") if part else None
        found = root if root is not None else ()
        return {attribute(one, "id"): (part, one) for one in found if attribute(one, "type") not in UNSAID}

    def _put_in(self, relation: PartLink) -> list[str]:
        try:
            return self._chunk(relation.target, self._package.read(relation.target))
        except (DocumentRefused, *BROKEN):
            self._package.warn("A document that is put into this one could not be read.")
            return []

    def _linked(self, type: str) -> str:
        return next((one.target for one in self._relations.values() if one.type == type and not one.external), "")

    def _linked_root(self, type: str) -> Any | None:
        part = self._linked(type)
        return self._package.root(part) if part else None


def _is_on(element: Any | None) -> bool:
    return element is not None and (attribute(element, "val") or "1") not in OFF
