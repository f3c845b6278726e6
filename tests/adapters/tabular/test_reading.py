"""Tables from files: names, types, values; and what is wrong with the others, to the line."""

from __future__ import annotations

import datetime
from io import BytesIO

import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from adapters.tabular.child import batches
from adapters.tabular.columns import column_names
from adapters.tabular.csv_table import read_csv
from adapters.tabular.kinds import table_kind
from adapters.tabular.parquet_table import read_parquet
from adapters.tabular.reader import ProcessTableReader
from application.ports.tools.tables import Row
from domain.refusals import DocumentRefused, UnsupportedMediaType
from tests.contracts.test_tables import a_file

pytestmark = pytest.mark.real

ORDERS = """Order ID,Region,Ordered at,Day,Total (USD),Paid,Items,Zip,Note
1,north,2026-01-05T10:00:00Z,2026-01-05,10.50,yes,3,01234,"a, ""b""
c"
2,,2026-01-06 23:30:00+02:00,2026-01-06,-7,no,,94016,
"""


def kinds(text: str) -> list[str]:
    columns, _ = read_csv(BytesIO(text.encode()))
    return [column.type for column in columns]


def test_a_csv_file_with_all_types() -> None:
    columns, rows = read_csv(BytesIO(ORDERS.encode()))
    assert {column.name: column.type for column in columns} == {
        "order_id": "integer", "region": "text", "ordered_at": "timestamp", "day": "date", "total_usd": "number",
        "paid": "boolean", "items": "integer", "zip": "text", "note": "text",
    }  # fmt: skip
    assert list(rows) == [
        ["1", "north", "2026-01-05T10:00:00", "2026-01-05", "10.50", "true", "3", "01234", 'a, "b"\nc'],
        ["2", None, "2026-01-06T21:30:00", "2026-01-06", "-7", "false", None, "94016", None],
    ]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ("1 2 -3 +4", "integer"), ("1 2.5", "number"), ("1 .5 1e3", "number"), ("1 x", "text"), ("007", "text"),
        ("1 01", "text"), ("999999999999999999", "integer"), ("9999999999999999999", "number"), ("1e999", "text"),
        ("true FALSE yes", "boolean"), ("true 1", "text"), ("0 1", "integer"), ("2026-02-28", "date"),
        ("2026-02-30", "text"), ("2026-02-28 2026-02-28T10:00", "timestamp"), ("28.02.2026", "text"),
        ("NaN", "text"), ("Infinity", "text"), ("1_000", "text"), ("١٢", "text"), ("2026-13-01T00:00:00Z", "text"),
    ],
)  # fmt: skip
def test_a_column_has_the_narrowest_type_that_fits(values: str, kind: str) -> None:
    assert kinds("a\n" + "\n".join(values.split())) == [kind]


def test_a_column_without_values_is_text() -> None:
    assert kinds("a,b\n1,\n2,\n") == ["integer", "text"]
    assert kinds("a,b\n") == ["text", "text"]


def test_names_that_sql_can_say() -> None:
    given = ["Größe", "1st", "", "a b", "a-b", "A B", "ctid", "日本", "x" * 100]
    assert column_names(given) == [
        "groe", "column_1st", "column_3", "a_b", "a_b_2", "a_b_3", "ctid_", "column_8", "x" * 60,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"a;b\r\n1;2\r\n", b"a\tb\n1\t2\n", "\ufeffa,b\n1,2".encode(), b"a|b\n\n1|2\n\n",
        "a,b\n1,2\n".encode("utf-16"), b'"a","b"\r"1","2"\r',
    ],
)  # fmt: skip
def test_spellings_of_csv(body: bytes) -> None:
    columns, rows = read_csv(BytesIO(body))
    assert [column.name for column in columns] == ["a", "b"]
    assert list(rows) == [["1", "2"]]


def test_an_old_encoding_is_guessed() -> None:
    _, rows = read_csv(BytesIO("city\nZürich".encode("cp1252")))
    assert list(rows) == [["Zürich"]]


@pytest.mark.parametrize(
    ("body", "reason", "said"),
    [
        (b"\n\n", "empty_file", "header"),
        (b"a,b\n1,2\n3\n4,5\n", "unreadable", "Line 3: 1 values"),
        (b"a,b\n1,2\n\n3,4,5\n", "unreadable", "Line 4: 3 values"),
        (b'a,b\n1,"x"y\n', "unreadable", "Line 2"),
        (b'a,b\n1,"x\n2,3\n', "unreadable", "Line 3"),
        (b"a,b\n1,x\0y\n", "unreadable", "Line 2: a NUL"),
        (b"a\n" + b"x" * 1_000_001, "unreadable", "Line 2: field larger"),
        (b",".join([b"a"] * 501), "unreadable", "Line 1: at most"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(body: bytes, reason: str, said: str) -> None:
    with pytest.raises(DocumentRefused, match=said) as refused:
        read_csv(BytesIO(body))
    assert refused.value.reason == reason


def parquet(**columns: Array) -> bytes:
    file = BytesIO()
    write_parquet(Table.from_pydict(dict(columns)), file)
    return file.getvalue()


def test_a_parquet_file_with_all_types() -> None:
    day = (datetime.date(2026, 1, 5) - datetime.date(1970, 1, 1)).days
    body = parquet(
        **{
            "Order ID": Array([1, None], DataType.int64()),
            "share": Array([0.1, float("nan")], DataType.float64()),
            "name": Array(["a\0b", None], DataType.string()),
            "paid": Array([True, False], DataType.bool()),
            "day": Array([day, None], DataType.int32()).cast(DataType.date32()),
            "at": Array([day * 86_400, None], DataType.int64()).cast(DataType.timestamp("s", tz="UTC")),
        }
    )
    columns, rows = read_parquet(BytesIO(body))
    assert [(column.name, column.type) for column in columns] == [
        ("order_id", "integer"), ("share", "number"), ("name", "text"), ("paid", "boolean"), ("day", "date"),
        ("at", "timestamp"),
    ]  # fmt: skip
    assert list(rows) == [
        ["1", "0.1", "ab", "true", "2026-01-05", "2026-01-05T00:00:00"],
        [None, None, None, "false", None, None],
    ]


@pytest.mark.parametrize(
    ("name", "body", "kind"),
    [("x.csv", b"a\n1", "csv"), ("x", b"a\n1", "csv"), ("x.txt", b"a", "csv"), ("x.parquet", b"PAR1", "parquet"),
     ("x", b"PAR1", "parquet")],
)  # fmt: skip
def test_kinds_of_files(name: str, body: bytes, kind: str) -> None:
    assert table_kind(name.partition(".")[2], BytesIO(body)) == kind


@pytest.mark.parametrize(
    ("name", "body", "refusal"),
    [
        ("x.csv", b"", DocumentRefused), ("x.csv", b" \n", DocumentRefused), ("x.csv", b"PAR1", DocumentRefused),
        ("x.parquet", b"a,b", DocumentRefused), ("x.xlsx", b"PK\x03\x04", UnsupportedMediaType),
        ("x.csv", b"%PDF-1.7", UnsupportedMediaType),
    ],
)  # fmt: skip
def test_files_that_are_no_tables(name: str, body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        table_kind(name.partition(".")[2], BytesIO(body))


async def test_a_file_is_read_in_a_process_of_its_own() -> None:
    body = b"n,name\n" + b"".join(b"%d,x%d\n" % (number, number) for number in range(2_500))
    async with ProcessTableReader().open("x.csv", a_file(body)) as table:
        assert [column.type for column in table.columns] == ["integer", "text"]
        batches = [batch async for batch in table.batches]
    assert sum(map(len, batches)) == 2_500 and batches[0][0] == ["0", "x0"] and len(batches) == 3


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.csv", b"a,b\n1\n"), ("x.parquet", b"PAR1garbagePAR1"), ("x.parquet", b"PAR1" + b"\xff" * 500 + b"PAR1"),
        ("x.parquet", b"PAR1"),
    ],
)  # fmt: skip
async def test_what_the_process_refuses_arrives(name: str, body: bytes) -> None:
    with pytest.raises(DocumentRefused) as refused:
        async with ProcessTableReader().open(name, a_file(body)):
            pass
    assert refused.value.reason == "unreadable"


async def test_a_file_that_is_too_much_for_its_process() -> None:
    columns = 60
    body = b",".join([b"a"] * columns) + b"\n" + b",".join([b"x" * 1_000_000] * columns) + b"\n"
    with pytest.raises(DocumentRefused, match="more"):
        async with ProcessTableReader(memory=64_000_000).open("x.csv", a_file(body)) as table:
            async for _ in table.batches:
                pass


async def test_who_loses_interest_leaves_no_process_behind() -> None:
    async with ProcessTableReader().open("x.csv", a_file(b"a\n" + b"1\n" * 200_000)) as table:
        async for _ in table.batches:
            break


@pytest.mark.parametrize(
    ("rows", "said"),
    [([["x" * 600_000, "y" * 600_000]], "Row 1: at most"), ([["x" * 900_000]] * 600, "in all")],
)
def test_rows_that_are_too_much(rows: list[Row], said: str) -> None:
    with pytest.raises(DocumentRefused, match=said):
        list(batches(rows))


def test_batches_are_bounded_in_rows_and_in_bytes() -> None:
    assert [len(batch) for batch in batches([["x"]] * 2_500)] == [1_000, 1_000, 500]
    sizes = [sum(len(value or "") for row in batch for value in row) for batch in batches([["x" * 100_000]] * 9)]
    assert sizes == [200_000] * 4 + [100_000]


async def test_a_file_with_long_rows_comes_in_small_messages() -> None:
    body = b"a\n" + (b"x" * 500_000 + b"\n") * 40
    async with ProcessTableReader(memory=130_000_000).open("x.csv", a_file(body)) as table:
        sizes = [sum(len(value or "") for row in batch for value in row) async for batch in table.batches]
    assert sum(sizes) == 20_000_000 and max(sizes) == 500_000


WORDS = {
    "Shift_JIS": "会議の場所は東京です、時間は午後三時から始まります",
    "cp1252": "Größe",
    "koi8-r": "Срок уведомления составляет два месяца",
}


@pytest.mark.parametrize(
    ("body", "names", "row"),
    [
        (b"sep=;\nName;Betrag\nAda;12,50\n", ["name", "betrag"], ["Ada", "12,50"]),
        (b"Umsatz 2025\nName;Betrag\nAda;12,50\nBob;13,50\n", ["name", "betrag"], ["Ada", "12,50"]),
        (b'"Name, Vorname";Alter\n"L, A";36\n', ["name_vorname", "alter"], ["L, A", "36"]),
        (b'a,b\n"say \\"hi\\", she",2\n"z",3\n', ["a", "b"], ['say "hi", she', "2"]),
        ("a;b\nx,1;Tee, grün\ny,2;Tee\n".encode(), ["a", "b"], ["x,1", "Tee, grün"]),
        *((f"a,b\n{word},1\n".encode(name), ["a", "b"], [word, "1"]) for name, word in WORDS.items()),
        ("a,b\ngrün,1\n".encode("utf-16-le"), ["a", "b"], ["grün", "1"]),
        ("a,b\ngrün,1\n".encode("utf-32"), ["a", "b"], ["grün", "1"]),
    ],
)  # fmt: skip
def test_a_csv_file_is_read_as_it_was_written(body: bytes, names: list[str], row: list[str]) -> None:
    columns, rows = read_csv(BytesIO(body))
    assert [column.name for column in columns] == names
    assert next(rows) == row


def test_a_value_that_may_be_another_is_refused_with_its_line() -> None:
    for body, line in (
        ("a\nGrün\nSchön\n".encode() + b"x\xff\nend\n", "Line 4"),
        (b"a\n\xf8\x81\x8d\xfe\xff\n", "Line 2"),
    ):
        with pytest.raises(DocumentRefused) as refused:
            read_csv(BytesIO(body))
        assert refused.value.reason == "unreadable" and line in refused.value.detail
