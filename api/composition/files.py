"""Opens the room of members' files: their upload, their links, their end."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass

from adapters.extract.pool import open_extractor
from adapters.files.scratch import UnnamedFiles
from adapters.files.spool import FolderSpool
from adapters.in_process.file_hooks import KeptForEver, NoScanner
from adapters.postgres.files import PostgresFiles
from adapters.s3.blobs import S3Blobs
from api.composition.infrastructure import Infrastructure
from api.composition.shared import Shared
from api.composition.token_wiring import derivation_secrets
from api.services import FileServices
from application.byte_room import ByteRoom
from application.files.add_file import AddFileHandler
from application.files.delete_file import DeleteFile
from application.files.deliver_spooled import DeliverSpooled
from application.files.file_links import FileLinks
from application.files.kept_bytes import KeptBytes
from application.files.open_file import OpenFile
from application.turns.read_attachments import ReadAttachments

MB = 1024 * 1024
READER_S = 30.0
"""So long a turn waits for a process that reads its files."""
TURNS_WITH_PICTURES, PICTURES_MB = 16, 96


@dataclass(frozen=True)
class Files:
    """What routes work with, what brings the object store what it missed, and what turns read of files."""

    services: FileServices
    deliver: DeliverSpooled
    attachments: ReadAttachments
    kept: KeptBytes


async def open_files(on: Infrastructure, shared: Shared, stack: AsyncExitStack) -> Files:
    """All of it. Whoever wants files scanned, or ended by themselves, gives other hooks here."""
    settings, vault = on.settings, on.store.vault
    register, scratch = PostgresFiles(on.pool, vault), UnnamedFiles(settings.spool_path)
    spool = FolderSpool(settings.data_path / "waiting", settings.file_spool_mb * MB)
    kept = KeptBytes(S3Blobs(on.s3, settings.bucket), spool)
    delete = DeleteFile(on.store, kept, register)
    opened = OpenFile(register, kept, vault, scratch)
    readers = await stack.enter_async_context(open_extractor(max_pages=settings.max_document_pages, queue_s=READER_S))
    pictures = ByteRoom(places=TURNS_WITH_PICTURES, size=PICTURES_MB * MB)
    services = FileServices(
        add_file=AddFileHandler(on.store, vault, kept, register, shared.kinds, NoScanner(), KeptForEver(), delete),
        delete_file=delete,
        open_file=opened,
        links=FileLinks(derivation_secrets(settings), settings.link_s),
        register=register,
    )
    return Files(
        services,
        DeliverSpooled(kept, register, scratch),
        ReadAttachments(register, opened, readers, pictures, settings.attachment_tokens),
        kept,
    )
