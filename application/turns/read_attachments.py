"""The files that a member attaches to a turn: looked at before it begins, read when it runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from application.byte_room import ByteRoom
from application.clock import monotonic
from application.files.open_file import OpenFile
from application.plan.attached import NOTHING_ATTACHED, Attached, ReadFile, fitted
from application.ports.documents.extractor import Extractor
from application.ports.files.file_register import FileRegister, FileRow
from application.ports.models.model import Picture
from application.sessions import feed_frames as f
from application.turns.running_turn import RunningTurn
from domain.file.kinds import PICTURES, READABLE, PictureType
from domain.ids import is_id
from domain.refusals import DocumentRefused, FileNotFound, PayloadTooLarge, UnsupportedMediaType
from domain.session import events as e
from domain.session.state import Turn
from domain.tenant.assistant import Assistant

STEP = "read_attachments"
MOST_PICTURES = 10
LARGEST_PICTURE = 3_750_000
"""Bytes: what Bedrock takes in a request (https://docs.aws.amazon.com/bedrock/latest/APIReference/
API_runtime_ImageBlock.html: 20 of 3.75 MB)."""
PICTURES_BYTES = 12 * 1024 * 1024
"""Of one turn together: they are sent again with each round of tools."""


@dataclass(frozen=True, slots=True)
class ReadAttachments:
    """`tokens` is how much of a prompt the text of a turn's files may take; `room` is for pictures while turns run."""

    register: FileRegister
    files: OpenFile
    extractor: Extractor
    room: ByteRoom
    tokens: int

    async def check(self, tenant: str, user: str, file_ids: Sequence[str], assistant: Assistant) -> None:
        """Refuse a turn that cannot have these files: `FileNotFound` when one is not the user's, `UnsupportedMediaType`
        when one is of no kind that can be read, or a picture that the assistant does not take, `PayloadTooLarge` when
        there are too many pictures or too large ones."""
        if not all(map(is_id, file_ids)):
            raise FileNotFound
        rows = await self.register.fetch(tenant, list(dict.fromkeys(file_ids)))
        if any(row.owner != user for row in rows):
            raise FileNotFound().theirs()
        if len(rows) != len(set(file_ids)):
            raise FileNotFound
        for row in rows:
            if row.media_type not in READABLE | PICTURES:
                raise UnsupportedMediaType(f"{row.name} is of no kind that can be read.")
        pictures = [row for row in rows if row.media_type in PICTURES]
        if pictures and not assistant.pictures:
            raise UnsupportedMediaType("This assistant takes no pictures; its admin can allow them.")
        sizes = [row.size for row in pictures]
        if len(sizes) > MOST_PICTURES or sum(sizes) > PICTURES_BYTES or max(sizes, default=0) > LARGEST_PICTURE:
            raise PayloadTooLarge(
                f"A turn takes {MOST_PICTURES} pictures of {LARGEST_PICTURE} bytes, and {PICTURES_BYTES} in all."
            )

    @asynccontextmanager
    async def reading(self, run: RunningTurn) -> AsyncIterator[Attached]:
        """What the turn's files bring into its prompt, for as long as the turn runs: what they say is stored with the
        turn, so that whoever takes it over reads nothing again. `DependencyUnavailable` when a file is out of reach."""
        turn = run.stored
        if turn is None or not turn.attachments:
            yield NOTHING_ATTACHED
            return
        began = monotonic()
        run.output.show(f.StepProgress(step=STEP, status="started"))
        tenant, user = run.live.id.tenant, run.request.user
        wanted = list(dict.fromkeys(turn.attachments))
        rows = [row for row in await self.register.fetch(tenant, wanted) if row.owner == user]
        pictures = [row for row in rows if row.media_type in PICTURES and run.config.assistant.pictures]
        async with AsyncExitStack() as stack:
            if pictures:
                await stack.enter_async_context(self.room.room(tenant, sum(row.size for row in pictures)))
            seen = tuple([await self._picture(tenant, row) for row in pictures])
            read = turn.read or await self._read(run, turn, [row for row in rows if row.media_type in READABLE])
            run.output.show(f.StepProgress(step=STEP, status="finished", ms=round((monotonic() - began) * 1000)))
            yield Attached(passages=read.passages, notes=read.notes, pictures=seen)

    async def _read(self, run: RunningTurn, turn: Turn, rows: Sequence[FileRow]) -> e.AttachmentsRead:
        tenant, read, notes = run.live.id.tenant, [], []
        for row in rows:
            try:
                async with self.files.plain(tenant, row) as body:
                    says = await self.extractor.extract(row.media_type, body)
                read.append(ReadFile(row.file_id, row.name, says))
                notes += [f"{row.name}: {warning}" for warning in says.warnings]
            except DocumentRefused as refused:
                notes.append(f"{row.name}: it could not be read ({refused.reason}). {refused.detail}")
            except FileNotFound:
                notes.append(f"{row.name}: it was deleted")
        found = fitted(read, turn.text, self.tokens)
        fact = e.AttachmentsRead(turn_id=turn.turn_id, passages=found.passages, notes=(*notes, *found.notes))
        run.log.note(fact)
        return fact

    async def _picture(self, tenant: str, row: FileRow) -> Picture:
        async with self.files.plain(tenant, row) as body:
            return Picture(cast(PictureType, row.media_type), body.read())
