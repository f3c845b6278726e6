"""What can happen to a document."""

from __future__ import annotations

from domain.event import Event, topic


@topic("document.added.1", private=True)
class DocumentAdded(Event, frozen=True, kw_only=True):
    """A file was accepted and waits to be read. It is the next version of the document `replaces`, if of any, and takes
    its place once it can be found."""

    title: str
    media_type: str
    size: int
    user: str
    collection: str = ""
    replaces: str = ""


@topic("document.indexed.1")
class DocumentIndexed(Event, frozen=True, kw_only=True):
    """It can be found: in so many passages, out of so many characters (code points). `warnings` say what of it was not
    read, in words that hold nothing of it; `encoding` is the one that was taken, where there was any to take."""

    passages: int
    characters: int
    warnings: tuple[str, ...] = ()
    encoding: str = ""


@topic("document.failed.1")
class DocumentFailed(Event, frozen=True, kw_only=True):
    """It could not be read, and why (a public code). `kept`: what was read of it before can still be found."""

    reason: str
    kept: bool = False


@topic("document.requeued.1")
class DocumentRequeued(Event, frozen=True, kw_only=True):
    """It waits to be read again: somebody asked for it, or brought a file again that could not be read before."""


@topic("document.moved.1")
class DocumentMoved(Event, frozen=True, kw_only=True):
    """It is in another of the tenant's collections, with its earlier versions; in none when that is empty."""

    collection: str = ""


@topic("document.deleted.1")
class DocumentDeleted(Event, frozen=True, kw_only=True):
    """It is gone, and so is the key that could read it."""
