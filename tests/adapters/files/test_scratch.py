"""Scratch files have no name, so that nobody finds them and nothing is left of them."""

from __future__ import annotations

from pathlib import Path

from adapters.files.scratch import UnnamedFiles


def test_a_file_has_no_name_and_its_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "spool"
    with UnnamedFiles(folder).open() as file:
        file.write(b"secret")
        file.flush()
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o777 == 0o700
        file.seek(0)
        assert file.read() == b"secret"
