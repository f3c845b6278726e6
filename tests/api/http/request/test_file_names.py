"""Names of files that are no plain ASCII."""

from __future__ import annotations

import pytest

from api.http.request.file_names import extended_name


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("form-data; name=\"file\"; filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt", "naïve €.txt"),
        ('form-data; name="file"; filename="x.txt"; filename*=utf-8\'en\'%E6%97%A5.md', "日.md"),
        ("form-data; filename*=iso-8859-1''caf%E9.csv; name=file", "café.csv"),
        ('form-data; name="file"; filename="plain.txt"', None),
        ("form-data; name=\"a; filename*=UTF-8''no.txt\"", None),
        ("form-data; name=\"file\"; filename*=UTF-8''%FF.txt", None),
        ("form-data; name=\"file\"; filename*=utf-7''+AGE-.txt", None),
    ],
)
def test_the_extended_name_is_taken_where_it_can_be_read(disposition: str, name: str | None) -> None:
    assert extended_name(disposition) == name
