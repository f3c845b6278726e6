"""Readers of tables keep their promises, in this process and in one of their own."""

from __future__ import annotations

from typing import BinaryIO

import pytest

from adapters.tabular.reader import ProcessTableReader
from application.ports.tools.tables import Row, TableReader
from domain.refusals import DocumentRefused, UnsupportedMediaType
from tests.application.documents.harness import received
from tests.application.tools.harness import DirectTableReader


@pytest.fixture(params=["direct", "process"])
def reader(request: pytest.FixtureRequest) -> TableReader:
    return DirectTableReader() if request.param == "direct" else ProcessTableReader()


def a_file(body: bytes) -> BinaryIO:
    return received("", body).body


async def test_columns_and_rows(reader: TableReader) -> None:
    async with reader.open("orders.csv", a_file(b"Order ID,Paid on\n1,2026-01-05\n2,\n")) as table:
        rows: list[Row] = [row async for batch in table.batches for row in batch]
    assert [(column.name, column.type) for column in table.columns] == [("order_id", "integer"), ("paid_on", "date")]
    assert rows == [["1", "2026-01-05"], ["2", None]]


async def test_a_table_without_rows(reader: TableReader) -> None:
    async with reader.open("orders.csv", a_file(b"a,b\n")) as table:
        assert [row async for batch in table.batches for row in batch] == []


@pytest.mark.parametrize(
    ("name", "body", "refusal"),
    [
        ("a.csv", b"", DocumentRefused), ("a.csv", b"a,b\n1\n", DocumentRefused),
        ("a.parquet", b"a,b\n", DocumentRefused), ("a.csv", b"PK\x03\x04", UnsupportedMediaType),
    ],
)  # fmt: skip
async def test_what_is_refused(reader: TableReader, name: str, body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        async with reader.open(name, a_file(body)):
            pass
