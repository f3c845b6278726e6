"""A member brings a file: named, known by its content, looked at, sealed, kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from application.clock import now
from application.execute import FILE, Context, LoadedAggregate
from application.file_names import name_of
from application.files.delete_file import DeleteFile, key_of
from application.files.kept_bytes import KeptBytes
from application.ports.documents.extractor import KindTeller
from application.ports.facts.event_store import EventStore
from application.ports.facts.keys import Sealer
from application.ports.files.file_register import FileRegister, FileRow, FileStatus
from application.ports.files.file_retention import FileRetention
from application.ports.files.file_scanner import FileScanner
from application.ports.files.scratch import ReceivedFile
from domain.event import StreamId
from domain.file.commands import AddFile
from domain.file.rules import add_file

SEALED_AS = "file"


@dataclass(frozen=True, slots=True)
class AddFileHandler:
    """Keeps members' files."""

    store: EventStore
    sealer: Sealer
    kept: KeptBytes
    register: FileRegister
    kinds: KindTeller
    scanner: FileScanner
    retention: FileRetention
    delete: DeleteFile

    async def __call__(self, tenant: str, user: str, file_id: str, file: ReceivedFile) -> FileStatus:
        """Keep the file of `user` (a pseudonym) under a new id; the same bytes again change nothing. `DocumentRefused`
        when it is empty, `FileRefused` when the scanner says so, `InUse` when the id has other bytes,
        `DependencyUnavailable` when it can be kept nowhere now."""
        name = name_of(file.name)
        media_type = await self.kinds.tell(name, file.body)
        await self.scanner.scan(name, media_type, file.body)
        stream, at = StreamId(tenant, "file", file_id), now()
        command = AddFile(name=name, media_type=media_type, size=file.size, sha256=file.sha256, user=user)
        held = LoadedAggregate(self.store, str(stream), FILE)
        await held.catch_up()
        # The fact first: of two that come by one link with different bytes one is refused before anything is kept.
        new = await held.execute(lambda found: add_file(found, command), Context(user))
        if not new and (known := await self.register.fetch(tenant, [file_id])):
            return known[0].status
        try:
            sealed = await self.sealer.sealing(str(stream), file.body, SEALED_AS)
            status = await self.kept.put(key_of(stream), sealed)
            row = FileRow(
                file_id=file_id,
                owner=user,
                name=name,
                media_type=media_type,
                size=file.size,
                status=status,
                created_at=at,
                keep_until=await self.retention.keep_until(tenant, media_type, file.size, at),
            )
            await self.register.add(tenant, row)
        except BaseException:
            await asyncio.shield(self.delete(tenant, file_id, "broken_off", user))
            raise
        return status
