"""Folders at URLs, in the memory of this process; tests/remote has those of a real server."""

from __future__ import annotations

import pickle
import random
from pathlib import Path

import fsspec
import pytest
from helpers import SAMPLE, picture, snapshot, write

from dataforge.errors import InputError, ParseError, UsageError, masked, one_line
from dataforge.io import Root, ahead, limits
from dataforge.jobs import Job
from dataforge.verbs.convert import convert


@pytest.fixture
def memory() -> fsspec.AbstractFileSystem:
    found = fsspec.filesystem("memory")
    found.store.clear()
    found.pseudo_dirs[:] = [""]
    return found


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 29, 30, 31, 57, 64, 65, 1000])
def test_any_part_of_a_file_is_that_of_the_file(
    memory: fsspec.AbstractFileSystem, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are fetched at once, those of which the start is, and those in blocks."""
    monkeypatch.setattr(ahead, "_HEAD", 10)
    monkeypatch.setattr(ahead, "_WHOLE", 30)
    monkeypatch.setattr(ahead, "_BLOCK", 7)
    data = random.Random(size).randbytes(size)
    memory.pipe("/set/a.bin", data)
    root = Root("memory://set")
    with root.open("a.bin") as stream:
        for _ in range(200):
            start, number = random.randrange(size + 3), random.choice([-1, 0, 1, 3, 8, 20, 2000])
            assert stream.seek(start) == stream.tell() == start
            assert stream.read(number) == (
                data[start:] if number < 0 else data[start : start + number]
            )
        assert stream.seek(-min(size, 2), 2) == size - min(size, 2)
        with pytest.raises(ValueError, match="negative"):
            stream.seek(-1)
    assert root.read_bytes("a.bin") == data
    assert root.head("a.bin", 4) == data[:4]
    assert root.end("a.bin") == data[-4096:]
    assert root.size("a.bin") == size


def test_what_is_held_is_bounded(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_HELD", 500)
    for number in range(200):
        memory.pipe(f"/set/{number:03}.txt", bytes(100))
    root = Root("memory://set")
    for name in root.files():
        assert len(root.read_bytes(name)) == 100
        assert root._store._ahead._held <= 600
        assert len(root._store._ahead._futures) <= 6


def test_a_text_that_is_too_large_is_not_fetched(
    memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe("/set/a.json", bytes(11))
    monkeypatch.setattr(limits, "MAX_TEXT_BYTES", 10)
    root = Root("memory://set")
    monkeypatch.setattr(memory, "cat_file", None)
    with pytest.raises(ParseError, match="larger than"):
        root.read_bytes("a.json")


def test_a_file_that_was_removed_is_an_error_of_that_file(
    memory: fsspec.AbstractFileSystem,
) -> None:
    memory.pipe("/set/a.json", b"{}")
    root = Root("memory://set")
    assert root.exists("a.json")
    memory.rm_file("/set/a.json")
    with pytest.raises(ParseError, match=r"^a\.json: cannot be read: "):
        root.read_bytes("a.json")


def test_the_memory_of_this_process_is_not_that_of_others(
    memory: fsspec.AbstractFileSystem,
) -> None:
    memory.pipe("/set/a.json", b"{}")
    with pytest.raises(InputError, match="is in the memory of one process; use --workers 1"):
        pickle.loads(pickle.dumps(Root("memory://set")))


def test_a_single_file_brings_the_folder_that_has_its_images(
    memory: fsspec.AbstractFileSystem,
) -> None:
    for name in ("Annotations/1.xml", "JPEGImages/1.jpg", "JPEGImages/2.jpg"):
        memory.pipe(f"/set/{name}", b"x")
    root = Root("memory://set/Annotations/1.xml")
    assert (root.location, root.only) == ("memory://set", "Annotations/1.xml")
    assert root.files() == ["Annotations/1.xml", "JPEGImages/1.jpg", "JPEGImages/2.jpg"]


def test_output_goes_to_memory_and_back(memory: fsspec.AbstractFileSystem, tmp_path: Path) -> None:
    job = {"reads": "labelme", "writes": "yolo"}
    convert(Job(source=str(SAMPLE / "labelme"), out="memory://there/out", **job))
    convert(Job(source=str(SAMPLE / "labelme"), out=str(tmp_path / "out"), **job))
    found = {
        name.removeprefix("/there/out/"): memory.cat_file(name) for name in memory.find("/there")
    }
    assert found == snapshot(tmp_path / "out")


def test_urls_of_files_are_paths(tmp_path: Path) -> None:
    picture(tmp_path / "set" / "a.jpg")
    write(tmp_path / "set" / "a.json", '{"shapes": [], "imagePath": "a.jpg"}')
    root = Root(f"file://{tmp_path}/set")
    assert (root.remote, root.location) == (False, f"{tmp_path}/set")
    convert(Job(source=f"file://{tmp_path}/set", out=f"file://{tmp_path}/out", reads="labelme",
                writes="voc"))  # fmt: skip
    assert (tmp_path / "out" / "Annotations" / "a.xml").is_file()


@pytest.mark.parametrize(
    "url", ["s3://a:b@c/d", "zip://x::memory://y", "nothing://x", "s3://", "s3:///x", "gs://"]
)
def test_urls_that_are_not_opened(url: str) -> None:
    with pytest.raises(UsageError):
        Root(url)


def test_secrets_are_left_out_of_all_that_is_printed() -> None:
    text = "http://me:hush@h/a?X-Amz-Signature=hush&sig=hush&x=1 and s3://key:hush@b"
    assert "hush" not in one_line(text)
    assert masked("a@b.example s3://bucket/a@b") == "a@b.example s3://bucket/a@b"
