"""Folders that are held open: names are single, links are not followed, swaps lead nowhere."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from helpers import snapshot, write

from dataforge.errors import OutputError
from dataforge.io import Folder, folders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture(params=["held open", "checked"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """As on systems that can hold folders open, and as on others."""
    monkeypatch.setattr(folders, "_HELD", request.param == "held open")
    return str(request.param)


def test_what_is_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c", "c")
    (tmp_path / "a" / "link").symlink_to("b")
    with Folder.open(tmp_path) as top, top.inner("a") as a:
        assert a.names() == ["b", "link"]
        assert (a.is_folder("b"), a.is_folder("link"), a.is_link("link")) == (True, False, True)
        assert a.status("none") is None
        assert [path for path, _ in top.files()] == ["a/link", "a/b/c"]
        assert top.reaches("a/b")
        assert not top.reaches("a/link")
        assert not top.reaches("a/b/c")
        with top.inner("a/b/new/deep", make=True) as deep:
            os.close(deep.create("file"))
            with pytest.raises(FileExistsError):
                deep.create("file")
            deep.remove("file")
        with a.inner("b/new") as new:
            new.remove_empty("deep")
    assert snapshot(tmp_path / "a" / "b") == {"c": b"c"}


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", "a\0"])
def test_a_name_is_one_part_of_a_path(tmp_path: Path, name: str) -> None:
    with Folder.open(tmp_path) as top:
        for use in (top.create, top.remove, top.status, top.make, top.open_file):
            with pytest.raises(OutputError, match="is not the name of a file"):
                use(name)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "link/x", "link"])
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "x").mkdir()
    (tmp_path / "in" / "link").symlink_to(tmp_path / "x")
    with Folder.open(tmp_path / "in") as top, pytest.raises(OutputError):
        top.inner(path, make=True)
    with Folder.open(tmp_path / "in" / "link") as named:  # by the user
        os.close(named.create("file"))
    assert snapshot(tmp_path / "x") == {"file": b""}


def test_adding_overwrites_nothing_and_replacing_does(tmp_path: Path) -> None:
    write(tmp_path / "from" / "a", "new")
    write(tmp_path / "to" / "a", "old")
    (tmp_path / "to" / "link").symlink_to(tmp_path / "to" / "a")
    with Folder.open(tmp_path / "from") as one, Folder.open(tmp_path / "to") as other:
        for name in ("a", "link"):
            with pytest.raises(FileExistsError):
                one.add("a", other, name)
        one.add("a", other, "b")
        other.replace("b", other, "link")
    assert snapshot(tmp_path) == {"to/a": b"old", "to/link": b"new"}


def test_a_swapped_folder_is_not_used(tmp_path: Path, way: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    with Folder.open(tmp_path / "out") as out:
        (tmp_path / "out").rename(tmp_path / "aside")
        (tmp_path / "out").symlink_to("elsewhere")
        if way == "held open":
            os.close(out.create("file"))
            assert snapshot(tmp_path / "aside") == {"file": b""}
            assert snapshot(tmp_path / "elsewhere") == {}
