"""What members' files go through, on fakes that keep their promises; the folder that waits for the store is real."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO

from adapters.extract.kinds import tell
from adapters.files.scratch import UnnamedFiles
from adapters.files.spool import FolderSpool
from adapters.in_process.file_hooks import KeptForEver, NoScanner
from application.clock import new_id
from application.files.add_file import AddFileHandler
from application.files.delete_file import DeleteFile
from application.files.deliver_spooled import DeliverSpooled
from application.files.file_links import FileLinks
from application.files.kept_bytes import KeptBytes
from application.files.open_file import OpenFile
from application.ports.facts.event_store import ErasableStore
from application.ports.files.file_retention import FileRetention
from application.ports.files.file_scanner import FileScanner
from domain.event import Event
from tests.application.documents.harness import InMemoryBlobs, received
from tests.fakes.in_memory_event_store import InMemoryEventStore
from tests.fakes.in_memory_files import InMemoryFiles
from tests.fakes.in_memory_sealer import InMemorySealer

TENANT = "01977c9e-1111-7000-8000-000000000001"
SECRETS = (b"new" * 11, b"old" * 11)


class DirectKinds:
    """Tells in this process."""

    async def tell(self, name: str, body: BinaryIO) -> str:
        body.seek(0)
        kind = tell(name, body.read())
        assert kind is not None, "the whole of a file tells"
        return kind


class FileHouse:
    """The handlers over one set of fakes; `seconds` is what the clock that only rises says."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        spool_bytes: int = 100_000,
        scanner: FileScanner | None = None,
        retention: FileRetention | None = None,
    ) -> None:
        folder = folder or Path(tempfile.mkdtemp(prefix="colloquy-files-"))
        self.seconds = 0.0
        self.store, self.blobs, self.register = InMemoryEventStore(), InMemoryBlobs(), InMemoryFiles()
        self.sealer = InMemorySealer(self.store.shredded)
        self.spool = FolderSpool(folder, spool_bytes)
        self.kept = KeptBytes(self.blobs, self.spool, lambda: self.seconds)
        scratch = UnnamedFiles(Path(tempfile.gettempdir()))
        self.delete = DeleteFile(self.store, self.kept, self.register)
        self.handle_add = AddFileHandler(
            self.store, self.sealer, self.kept, self.register, DirectKinds(), scanner or NoScanner(),
            retention or KeptForEver(), self.delete,
        )  # fmt: skip
        self.open = OpenFile(self.register, self.kept, self.sealer, scratch)
        self.links = FileLinks(lambda: SECRETS, 900)
        self.deliver = DeliverSpooled(self.kept, self.register, scratch)

    async def add(self, name: str, body: bytes, *, user: str = "ada", tenant: str = TENANT, id: str = "") -> str:
        """The id of a file that was brought."""
        file_id = id or new_id()
        await self.handle_add(tenant, user, file_id, received(name, body))
        return file_id

    async def read(self, file_id: str, user: str = "ada", tenant: str = TENANT) -> bytes:
        """What is given back."""
        async with self.open.plain(tenant, await self.open.find(tenant, user, file_id)) as body:
            return body.read()

    def facts(self) -> list[Event]:
        """All that happened to files, in order."""
        return [envelope.event for envelope in self.store.log if "/file/" in envelope.stream]


def no_files(store: ErasableStore) -> DeleteFile:
    """Deletes files where there are none."""
    spool = FolderSpool(Path(tempfile.gettempdir()) / "colloquy-no-files", 1)
    return DeleteFile(store, KeptBytes(InMemoryBlobs(), spool), InMemoryFiles())
