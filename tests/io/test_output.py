"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from helpers import write

from dataforge.errors import OutputError
from dataforge.io import NamedFile, atomic_write, write_json, write_text


def test_atomic_write_makes_folders_and_respects_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.json"
    old = os.umask(0o027)
    try:
        write_text(path, "é\n")
    finally:
        os.umask(old)
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == ["a.json"]


def test_failed_write_leaves_only_the_old_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "old")

    def fail() -> None:
        with atomic_write(path) as stream:
            stream.write(b"half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_writing_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    write(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.json", "")


def test_write_json_is_indented_utf8(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"é": [1]})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "é": [\n    1\n  ]\n}\n'


def test_named_file_is_written_as_it_was_when_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    named = NamedFile(path)
    write(path, "somebody's")
    with pytest.raises(OutputError, match="was written during the run"):
        write_text(named, "new")
    with pytest.raises(OutputError, match="already exists; use --force"):
        NamedFile(path)
    named = NamedFile(path, force=True)
    write(path, "changed")
    with pytest.raises(OutputError, match="was written during the run"):
        write_text(named, "new")
    assert path.read_text() == "changed"
    write_text(NamedFile(path, force=True), "new")
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.json"]
