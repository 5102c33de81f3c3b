"""Folders that hold more than files: links, pipes, sockets, odd names, and what goes away."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    SQUARE,
    document,
    picture,
    python,
    read_labelme,
    run_convert,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)

from dataforge.classes import ClassRules
from dataforge.errors import DataforgeError, InputError, LayoutError, ParseError
from dataforge.formats import Context, Item, coco, labelme
from dataforge.io import Root, read_file
from dataforge.records import Image
from dataforge.testing import driver
from dataforge.verbs import inspect
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.register import Request, plan

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has neither pipes nor such names")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Write into whatever pipe is waited for in the meantime, and fail where one was."""
    waited: list[str] = []
    done = threading.Event()

    def rescue() -> None:
        if not done.wait(seconds):
            waited.append("waited")
            for folder, _, names in os.walk("."):
                for name in names:
                    if Path(folder, name).is_fifo():
                        os.close(os.open(Path(folder, name), os.O_WRONLY | os.O_NONBLOCK))

    thread = threading.Thread(target=rescue)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not waited


def good(folder: Path, name: str = "good") -> None:
    """One labelme file with its image."""
    write(folder / f"{name}.json", document(shape("cat", SQUARE), image=f"{name}.jpg"))
    picture(folder / f"{name}.jpg")


# What is no file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipe", "socket", "device", "link to a device", "folder", "loop"])
def test_special_files_are_reported_without_blocking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is to be short
    good(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        for name in ("x.json", "x.jpg", "x.xml", "labels/x.txt", "data.yaml", "train.txt"):
            Path(name).parent.mkdir(exist_ok=True)
            if kind == "pipe":
                os.mkfifo(name)
            elif kind == "socket" and name == "x.json":
                bound.bind(name)
            elif kind == "device" and os.geteuid() == 0:
                os.mknod(name, 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero never ends
            elif kind == "link to a device":
                os.symlink("/dev/zero", name)
            elif kind == "folder":
                Path(name).mkdir()
                write(Path(name) / "inner.txt")
            elif kind == "loop":
                os.symlink(Path(name).name, name)
        with within(20):
            report = run_convert(Path(), tmp_path / "out", follow_links=True)
            found = inspect.inspect(".")
            for reads in ("coco", "voc", "yolo", "images"):
                job = Job(source=".", out=str(tmp_path / reads), reads=reads, writes="coco")
                with suppress(DataforgeError):
                    convert(job)
    assert report.instances == {"all": {"cat": 1}}
    told = [finding for finding in report.findings if finding.file == "x.json"]
    there = kind != "folder" and Path("x.json").exists() | Path("x.json").is_symlink()
    assert [finding.code for finding in told] == ["unreadable-json"] * there
    assert {part.format for part in found.parts} >= {"labelme"}


@pytest.mark.parametrize("name", ["a.toml", "a.json", "names.txt"])
def test_pipe_given_as_option_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(name)
    with within(20), pytest.raises(ParseError, match="is a pipe, a socket or a device, not a file"):
        read_file(Path(name))


# Links -------------------------------------------------------------------------------------------


def test_exponentially_branching_links_end_with_an_error(tmp_path: Path) -> None:
    for level in range(40):
        write(tmp_path / str(level) / "a.json", "{}")
        for way in ("l", "r"):
            (tmp_path / str(level) / way).symlink_to(tmp_path / str(level + 1))
    with pytest.raises(InputError, match=r"links lead to .* in more than 1000 ways"):
        Root(tmp_path / "0", follow_links=True).files()
    for level in range(40):  # inside the folder that is read
        (tmp_path / "all" / str(level)).mkdir(parents=True)
        for way in ("l", "r"):
            (tmp_path / "all" / str(level) / way).symlink_to(f"../{level + 1}")
    with pytest.raises(InputError, match=r"links lead to .* in more than 1000 ways"):
        Root(tmp_path / "all").files()


def test_folders_in_folders_as_deep_as_the_system_has_them(tmp_path: Path) -> None:
    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1500):
            os.mkdir("d")
            os.chdir("d")
        Path("a.json").write_text("{}")
        assert Root(tmp_path).files() == ["d/" * 1500 + "a.json"]
        os.unlink("a.json")
    finally:
        while not os.path.samefile(".", tmp_path):
            os.chdir("..")
            os.rmdir("d")  # pytest cannot remove them
        os.chdir(here)


def test_folder_without_permission_stops_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(tmp_path)
    write(tmp_path / "closed" / "a.json", "{}")
    write(tmp_path / "lost+found" / "a.json", "{}")
    scandir = os.scandir

    def refusing(folder: Any) -> Any:
        if str(folder).endswith(("closed", "lost+found")):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(InputError, match="closed/: cannot be listed: Permission denied"):
        run_convert(tmp_path, tmp_path / "out")


def test_links_out_of_the_folder_are_read_if_asked_and_never_written(tmp_path: Path) -> None:
    good(tmp_path / "elsewhere")
    (tmp_path / "in").mkdir()
    for name in ("good.json", "good.jpg"):
        (tmp_path / "in" / name).symlink_to(tmp_path / "elsewhere" / name)
    before = snapshot(tmp_path / "elsewhere")
    for how in ("copy", "hardlink", "symlink"):
        report = run_convert(tmp_path / "in", tmp_path / how, image_mode=how, follow_links=True)
        assert report.shapes == 1
        assert (tmp_path / how / "images" / "good.jpg").read_bytes() == before["good.jpg"]
    assert snapshot(tmp_path / "elsewhere") == before


def test_link_in_output_is_replaced_and_its_target_kept(tmp_path: Path) -> None:
    good(tmp_path / "in")
    precious = write(tmp_path / "precious.json", "precious")
    (tmp_path / "out" / "annotations").mkdir(parents=True)
    (tmp_path / "out" / "annotations" / "instances_all.json").symlink_to(precious)
    write(tmp_path / "labels" / "keep.txt", "keep")
    (tmp_path / "yolo").mkdir()
    (tmp_path / "yolo" / "labels").symlink_to(tmp_path / "labels")
    run_convert(tmp_path / "in", tmp_path / "out", force=True)
    convert(Job(source=str(tmp_path / "in"), out=str(tmp_path / "yolo"), reads="labelme",
                writes="yolo", force=True))  # fmt: skip
    assert precious.read_text() == "precious"
    assert snapshot(tmp_path / "labels") == {"keep.txt": b"keep"}


# Names -------------------------------------------------------------------------------------------

OUTSIDE = ["../secret.jpg", "/etc/passwd", "file:///etc/passwd", "\\\\host\\share\\a.jpg",
           "C:\\a.jpg", "C:a.jpg", "..\\..\\secret.jpg", "x/../../secret.jpg",
           "a\0.jpg"]  # fmt: skip


@pytest.mark.parametrize("path", OUTSIDE)
def test_paths_that_leave_the_folder_are_not_followed(tmp_path: Path, path: str) -> None:
    picture(tmp_path / "secret.jpg")
    source = tmp_path / "in"
    good(source)
    write(source / "a.json", document(shape("cat", SQUARE), image=path))
    write(source / "c" / "c.json", {
        "images": [{"id": 1, "file_name": path, "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    })  # fmt: skip
    report = run_convert(source, tmp_path / "out", image_mode="copy")
    (finding,) = [finding for finding in report.findings if finding.file == "a.json"][:1]
    assert finding.code in ("path-leaves-root", "image-missing")
    found = driver.read(coco.FORMAT, source)
    assert not [record for record in found if getattr(record, "file_name", "") == path]
    pictures = [name for name in snapshot(tmp_path / "out") if name.endswith(".jpg")]
    assert pictures == ["images/good.jpg"]


SPLITS = ["../../evil", "..", "a/b", "c\\d", "new\nline"]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("writes", ["coco", "voc", "yolo"])
def test_split_names_must_not_be_paths(tmp_path: Path, split: str, writes: str) -> None:
    source = tmp_path / "in"
    write(source / "data.yaml", {"names": ["cat"], "train": "images", split: "more"})
    for folder in ("images", "more"):
        picture(source / folder / f"{folder}.jpg")
        write(source / folder / f"{folder}.txt", "0 .5 .5 .5 .5")
    job = Job(source=str(source), out=str(tmp_path / "out"), reads="yolo", writes=writes)
    report = convert(job)
    assert [*report.images] == ["train"]
    (finding,) = [f for f in report.findings if f.code == "split-outside"]
    assert repr(split) in finding.message
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]


@pytest.mark.parametrize("split", SPLITS)
def test_split_names_in_a_layout_must_not_be_paths(tmp_path: Path, split: str) -> None:
    source = tmp_path / "in"
    write(source / "xml" / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    picture(source / "images" / "a.jpg")
    write(source / "list.txt", "a\n")
    write(source / "layout.toml", "images = 'images'\nannotations = 'xml'\n[splits]\n"
          f"{json.dumps(split)} = 'list.txt'\n")  # fmt: skip
    for writes in ("coco", "voc", "yolo"):
        with pytest.raises(InputError, match="cannot be a split's name"):
            convert(Job(source=str(source), out=str(tmp_path / "out"), reads="voc", writes=writes))
    with pytest.raises(InputError, match="cannot be a split's name"):
        plan(Request(name="Odd", root=str(source), out=str(tmp_path / "out")))
    assert os.listdir(tmp_path) == ["in"]


NAMES = ["new\nline", "tab\tbed", "\x1b[2J\x1b[31mred", "\u202egpj.exe", "bell\x07", "nul\u2028sep"]


@pytest.mark.parametrize("name", NAMES)
def test_finding_is_one_line_for_any_file_name(tmp_path: Path, name: str) -> None:
    good(tmp_path)
    write(tmp_path / f"{name}.json", "{")
    write(tmp_path / "b.json", document(shape(name, SQUARE), image=f"{name}.jpg"))
    found = read_labelme(tmp_path)
    assert all(str(finding).isprintable() for finding in found.findings)
    result = python("-m", "dataforge", "convert", "labelme2coco", str(tmp_path),
                    str(tmp_path / "out"), "--labels", "cat", PYTHONIOENCODING="utf-8")  # fmt: skip
    assert all(line.isprintable() for line in result.stdout.split("\n"))
    broken = [line for line in result.stdout.split("\n") if "truncated" in line]
    assert len(broken) == 1
    with pytest.raises(ParseError) as caught:
        driver.reader_of(labelme.FORMAT).extracted_image(Root(tmp_path), f"{name}.json")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("writes", ["coco", "voc", "yolo", "labelme"])
def test_names_with_newlines_are_preserved_or_reported(tmp_path: Path, writes: str) -> None:
    good(tmp_path / "in")
    good(tmp_path / "in", "new\nline")
    report = convert(Job(source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads="labelme",
                         writes=writes))  # fmt: skip
    back = convert(Job(source=str(tmp_path / "out"), out=str(tmp_path / "back"), reads=writes,
                       writes="coco"))  # fmt: skip
    lost = sum(report.lost.values()) + sum(back.lost.values())
    assert back.shapes + lost == 2


# What goes away, or changes, in the meantime ------------------------------------------------------


class Vanishing(Root):
    """A folder in which a file is taken away, or replaced, once it has been listed."""

    def __init__(self, folder: Path, change: Any) -> None:
        super().__init__(folder)
        self.files()
        change()


def test_vanished_files_are_reported(tmp_path: Path) -> None:
    good(tmp_path)
    good(tmp_path, "gone")
    root = Vanishing(tmp_path, lambda: [(tmp_path / f"gone.{s}").unlink() for s in ("json", "jpg")])
    found = driver.read(labelme.FORMAT, root)
    (finding,) = [r for r in found if getattr(r, "code", "") == "unreadable-json"]
    assert (finding.file, finding.message) == (  # type: ignore[union-attr]
        "gone.json", "cannot be read: No such file or directory")  # fmt: skip


def test_image_vanishing_before_its_copy_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(tmp_path / "in")
    good(tmp_path / "in", "gone")
    opened = Root.open

    def gone(self: Root, name: str) -> Any:
        if name == "gone.jpg":
            (tmp_path / "in" / name).unlink()
        return opened(self, name)

    monkeypatch.setattr(Root, "open", gone)
    report = run_convert(tmp_path / "in", tmp_path / "out", image_mode="copy")
    (finding,) = [f for f in report.findings if f.code == "image-not-placed"]
    assert (finding.file, report.shapes) == ("gone.jpg", 2)


def test_coco_file_replaced_while_being_read(tmp_path: Path) -> None:
    """It is read once: what stood there then is taken as a whole."""
    names = [f"{number}.jpg" for number in range(3)]
    for split in ("train", "val"):
        entries = [{"id": n, "file_name": name, "width": 64, "height": 48}
                   for n, name in enumerate(names)]  # fmt: skip
        boxes = [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4]} for n in range(3)]
        write(tmp_path / f"{split}.json", {
            "images": entries, "annotations": boxes, "categories": [{"id": 1, "name": "cat"}],
        })  # fmt: skip
    reader = driver.reader_of(coco.FORMAT)
    told: Any = Context(resolver=ClassRules().resolver())
    reading = reader.open(Root(tmp_path), reader.Options(), told)
    images = []
    for item in reading.items():
        write(tmp_path / "train.json", "[]")
        if isinstance(item, Item):
            images += [each for each in reading.read(item) if isinstance(each, Image)]
    assert [(each.file_name, len(each.instances)) for each in images] == [
        (name, 1) for _ in range(2) for name in names
    ]


def test_growing_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", b"[")
    with path.open("rb") as stream, path.open("ab") as more:
        size = os.fstat(stream.fileno()).st_size
        more.write(b"1" * 50)
        more.flush()
        assert size == 1
        assert Root(tmp_path).read_bytes("a.json", 100) == b"[" + b"1" * 50
        with pytest.raises(ParseError, match="larger than"):
            Root(tmp_path).read_bytes("a.json", 50)


def test_vanished_voc_files_and_lists_are_reported(tmp_path: Path) -> None:
    write(tmp_path / "Annotations" / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    picture(tmp_path / "JPEGImages" / "a.jpg")
    write(tmp_path / "ImageSets" / "Main" / "train.txt", "a\nb\n")
    job = Job(source=str(tmp_path), out=str(tmp_path / "out"), reads="voc", writes="coco")
    assert convert(job).shapes == 1
    (tmp_path / "Annotations" / "a.xml").unlink()
    with pytest.raises(LayoutError, match=r"contains no \.xml files"):
        convert(job)
