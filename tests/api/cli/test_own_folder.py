"""A folder becomes a tenant of its name, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from api.cli.own_folder import bring
from tests.api.harness import make_services, serving
from tests.application.documents.harness import House

pytestmark = pytest.mark.real


async def test_a_folder_becomes_a_tenant_that_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    services = make_services(
        tmp_path / "installation",
        store=house.store,
        corpus=house.corpus,
        blobs=house.blobs,
        add_document=house.handle_add,
        reread_document=house.reread,
        collections=house.collections,
    )
    monkeypatch.setenv("COLLOQUY_DATA_DIR", services.settings.data_dir)
    folder = tmp_path / "papers"
    (folder / "deeper").mkdir(parents=True)
    (folder / "one.md").write_text("# One\n\nwords")
    (folder / "deeper" / "two.txt").write_text("other words")
    (folder / "three.bin").write_bytes(bytes(64))
    told: list[str] = []
    async with serving(services) as (address, _):

        async def brought() -> list[str]:
            return await asyncio.to_thread(lambda: list(bring(f"http://{address}", folder, told.append, read_s=0)))

        refused, waiting, ask = await brought()
        for claim in await house.corpus.claim_pending(100):
            await house.read(claim)
        again = await brought()
    assert refused.startswith("Not read: 1 unsupported_media_type")
    assert waiting == "2 documents are still being read."
    assert ask.startswith("Ask papers:  colloquy chat --tenant ")
    assert again == [refused, ask], "the same tenant, with the same documents"
    assert told[0] == "2 of 3 files of papers brought" and told[-1] == "2 documents of papers read"
