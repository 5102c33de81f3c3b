"""The index that generated classes keep of XML files: it makes reading faster, and no different."""

from __future__ import annotations

import copy
import hashlib
import importlib
import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from generated import planned, render, spec, unique, write_files
from helpers import picture, voc_object, voc_xml, write

from dataforge.frameworks.package import package_files
from dataforge.io import Root

BOXES = [(1, 2, 30, 40), (-5, 0, 9.25, 47), (60, 40, 80, 60)]


class Data:
    """A dataset of a few images, the generated module that reads it, and what is parsed."""

    def __init__(self, root: Path, out: Path, patch: pytest.MonkeyPatch, **changes: Any) -> None:
        self.root = root
        dataset = spec(unique(), coords="zero", **changes)
        write_files(out, package_files(dataset), patch)
        self.python = out / "python"
        self.module: ModuleType = importlib.import_module(f"{dataset.package}.annotations")
        self.index_module = importlib.import_module(f"{dataset.package}.index")
        # The files of a test are younger than a tick.
        patch.setattr(self.index_module, "TICK", -(10**10))
        self.parsed: list[str] = []
        parse = self.module._parse

        def counting(path: str) -> Any:
            self.parsed.append(Path(path).name)
            return parse(path)

        patch.setattr(self.module, "_parse", counting)

    def add(self, id_: str, *objects: str, listed: bool = True, **how: Any) -> None:
        picture(self.root / "img" / f"{id_}.jpg")
        write(self.root / "xml" / f"{id_}.xml", voc_xml(*objects, **how))
        if listed:
            with (self.root / "list.txt").open("a") as file:
                file.write(f"{id_}\n")

    @property
    def arguments(self) -> list[str]:
        return [str(self.root / name) for name in ("list.txt", "img", "xml")]

    def read(self, **options: Any) -> list[dict[str, Any]]:
        """What is read; it is what is read without an index, too."""
        infos: list[dict[str, Any]] = self.module.read(*self.arguments, **options)
        parsed = [*self.parsed]
        plain = self.module.read(*self.arguments, **{**options, "index": False})
        self.parsed[:] = parsed
        assert infos == plain
        assert [[*info["objects"]] for info in infos] == [[*info["objects"]] for info in plain]
        return infos

    def parsed_by(self, **options: Any) -> list[str]:
        """The XML files that reading parses."""
        self.parsed.clear()
        self.read(**options)
        return [*self.parsed]

    @property
    def index(self) -> Path:
        (path,) = (self.root / "xml").glob(".dataforge-index-*")
        return path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Data:
    data = Data(tmp_path / "set", tmp_path / "out", monkeypatch)
    data.add("a", *(voc_object("cat", box) for box in BOXES), voc_object("dog", BOXES[0]))
    data.add("sub/ü b", voc_object("dog", (3, 4, 5.1, 6.7)), voc_object("cow", BOXES[0]))
    data.add("empty")
    data.add("sizeless", *(voc_object("cat", box) for box in BOXES), size=None)
    return data


ALL = ["a.xml", "ü b.xml", "empty.xml", "sizeless.xml"]


def test_nothing_is_parsed_again(data: Data) -> None:
    assert data.parsed_by() == ALL
    assert data.parsed_by() == []
    assert data.parsed_by(classes=["dog"]) == []
    assert data.parsed_by(classes=["dog", "other", "cat"]) == []
    infos = data.read()
    assert [info["id"] for info in infos] == ["a", "sub/ü b", "empty", "sizeless"]
    assert infos[1]["objects"] == [(1, (3.0, 4.0, 5.1, 6.7), False)]
    assert data.index.name.startswith(".dataforge-index-made")
    assert os.listdir(data.root / "xml").count("a.xml") == 1
    assert not [*(data.root / "xml").glob("*.tmp")]


def same_size(data: Data) -> None:
    """An edit that leaves size and time of change as they were."""
    path = data.root / "xml" / "a.xml"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b">40<", b">41<"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def replaced(data: Data) -> None:
    """Another file takes its place, of the same size, times and owner."""
    path = data.root / "xml" / "a.xml"
    before = path.stat()
    new = path.with_name("new")
    new.write_bytes(path.read_bytes().replace(b"cat", b"dog"))
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(path)


def added(data: Data) -> None:
    data.add("new", voc_object("cat", BOXES[0]))


def removed(data: Data) -> None:
    lines = (data.root / "list.txt").read_text().splitlines()
    (data.root / "list.txt").write_text("\n".join(lines[1:]))
    (data.root / "xml" / "a.xml").unlink()


def reordered(data: Data) -> None:
    lines = (data.root / "list.txt").read_text().splitlines()
    (data.root / "list.txt").write_text("\n".join([*reversed(lines), lines[0]]))


def other_image(data: Data) -> None:
    """An image of another size, whose XML file does not state it."""
    picture(data.root / "img" / "sizeless.jpg", orientation=6)


def other_kind(data: Data) -> None:
    (data.root / "img" / "a.jpg").unlink()
    picture(data.root / "img" / "a.png")


@pytest.mark.parametrize(
    ("change", "parsed"),
    [
        (same_size, ["a.xml"]),
        (replaced, ["a.xml"]),
        (lambda data: (data.root / "xml" / "a.xml").touch(), ["a.xml"]),
        (added, ["new.xml"]),
        (removed, []),
        (reordered, []),
        (other_image, []),
        (other_kind, []),
    ],
)
def test_what_has_changed_is_read(
    change: Callable[[Data], None], parsed: list[str], data: Data
) -> None:
    before = data.read()
    time.sleep(0.02)  # more than a tick of the clock of Linux
    change(data)
    assert data.parsed_by() == parsed
    assert data.parsed_by() == []
    if change in (same_size, replaced, added, removed, reordered, other_image, other_kind):
        assert data.read() != before


def test_a_file_that_is_gone_is_missed(data: Data) -> None:
    data.read()
    (data.root / "xml" / "a.xml").unlink()
    with pytest.raises(FileNotFoundError, match=r"a\.xml"):
        data.module.read(*data.arguments)
    write(data.root / "xml" / "a.xml", "<annotation>")
    with pytest.raises(ValueError, match=r"a\.xml: "):
        data.module.read(*data.arguments)


def test_a_file_that_may_change_within_a_tick_is_read_again(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data.index_module, "TICK", 2 * 10**9)
    assert data.parsed_by() == ALL
    assert data.parsed_by() == ALL
    later = time.time() + 1000
    os.utime(data.root / "xml" / "a.xml", (later, later))
    monkeypatch.setattr(data.index_module, "TICK", -(10**10))
    data.read()
    assert data.parsed_by() == ["a.xml"]  # its clock is ahead


def test_other_code_and_other_settings_read_for_themselves(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.read()
    monkeypatch.setitem(data.module.NAMES, "cow", "cat")
    assert data.parsed_by() == ALL
    assert data.parsed_by() == []
    monkeypatch.setattr(data.module, "SOURCE", data.module.SOURCE + b"# mine\n")
    assert data.parsed_by() == ALL


@pytest.mark.parametrize(
    "changes",
    [
        {"lookup": "filename"},
        {"by_name": True},
        {"other_case": True, "upper_xml": True, "ignore_case": True},
        {"difficult": "ignore"},
        {"difficult": "drop"},
    ],
)
def test_every_way_of_reading(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Data(tmp_path / "set", tmp_path / "out", monkeypatch, **changes)
    data.add("a", voc_object("cat", BOXES[0], difficult="1"), filename="b.jpg")
    data.add("b", voc_object("dog", BOXES[0]), voc_object("cat", BOXES[1], difficult="1"))
    assert len(data.parsed_by()) == 2
    assert data.parsed_by() == []
    assert [info["filename"] for info in data.read()] == (
        ["b.jpg", "b.jpg"] if "lookup" in changes else ["a.jpg", "b.jpg"]
    )


# An index that is none --------------------------------------------------------------------------


def spoilt(data: bytes) -> Iterator[bytes]:
    """What a disk, an accident or a stranger may make of it."""
    end = data.index(b"\n") + 1
    header = json.loads(data[:end])
    yield b""
    yield b"\n"
    yield pickle.dumps({"reader": header["reader"]})
    yield b"[" * 4000 + b"\n" + data[end:]
    yield data[:-1]
    yield data + b"\0"
    yield data[: end + 10] + b"\0" * (len(data) - end - 10)
    for at in range(0, len(data), 37):
        yield data[:at] + bytes([data[at] ^ 0x21]) + data[at + 1 :]
        yield data[:at]
    for key, value in [
        ("files", -1), ("files", 10**30), ("objects", 10**12), ("words", "1"), ("sum", None),
        ("files", 0), ("words", 1.5), ("objects", -1), ("kinds", 1), ("reader", "0"),
        ("version", 2),
    ]:  # fmt: skip
        yield json.dumps({**header, key: value}).encode() + b"\n" + data[end:]
    yield json.dumps([header]).encode() + b"\n" + data[end:]


def test_a_damaged_index_is_not_used(data: Data) -> None:
    data.read()
    good = data.index.read_bytes()
    for bad in spoilt(good):
        data.index.write_bytes(bad)
        assert data.parsed_by() == ALL
        assert data.index.read_bytes()[good.index(b"\n") :] == good[good.index(b"\n") :]
        assert data.parsed_by() == []


def test_numbers_that_are_no_classes_are_not_used(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a checksum that fits."""
    data.read()
    pack = data.index_module._pack

    def wrong(header: Any, entries: Any, before: int) -> bytes:
        of = data.index_module.Objects.of
        rows = {
            name: (stamp, (text, width, height, of([(7, (1, 2, 3, 4), False)])))
            for name, (stamp, (text, width, height, _)) in entries.items()
        }
        return pack(header, rows, before)  # type: ignore[no-any-return]

    with monkeypatch.context() as patch:
        patch.setattr(data.index_module, "_pack", wrong)
        (data.root / "xml" / "a.xml").touch()
        data.read()
    assert data.parsed_by() == ALL


def test_an_index_that_is_too_large_is_not_read(data: Data) -> None:
    data.read()
    with data.index.open("ab") as file:
        file.truncate(2**40)  # a sparse file
    assert data.parsed_by() == ALL
    assert data.index.stat().st_size < 10_000


def test_links_pipes_and_folders_are_no_index(data: Data, tmp_path: Path) -> None:
    data.read()
    path = data.index
    mine = tmp_path / "mine"
    mine.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(mine)
    before = mine.read_bytes()
    (data.root / "xml" / "a.xml").touch()
    assert data.parsed_by() == ALL
    assert mine.read_bytes() == before
    assert not path.is_symlink()
    path.unlink()
    os.mkfifo(path)
    assert data.parsed_by() == ALL
    assert path.is_file()
    path.unlink()
    path.mkdir()
    assert data.parsed_by() == ALL
    assert [*path.iterdir()] == []


def test_a_strangers_index_in_a_folder_of_all_is_not_used(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.read()
    (data.root / "xml").chmod(0o1777)
    assert data.parsed_by() == []  # mine
    fstat = os.fstat

    def of_another(handle: int) -> Any:
        found = fstat(handle)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:]))

    with monkeypatch.context() as patch:
        patch.setattr(data.index_module.os, "fstat", of_another)
        assert data.index_module._load(str(data.index), {}, 2**20) == {}


# Where it is, and where it cannot be ------------------------------------------------------------


def test_it_can_be_elsewhere_or_nowhere(data: Data, tmp_path: Path) -> None:
    folder = tmp_path / "indexes"
    folder.mkdir()
    assert data.parsed_by(index=False) == ALL
    assert not [*(data.root / "xml").glob(".dataforge*")]
    assert data.parsed_by(index=str(folder)) == ALL
    assert data.parsed_by(index=folder) == []
    assert not [*(data.root / "xml").glob(".dataforge*")]
    assert len([*folder.iterdir()]) == 1


def test_where_none_can_be_kept_that_is_said_once(
    data: Data, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        assert data.parsed_by(index=str(tmp_path / "none")) == ALL
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"no index is kept in {tmp_path / 'none'} (" in record.getMessage()


def test_a_full_disk_leaves_nothing(data: Data, caplog: pytest.LogCaptureFixture) -> None:
    code = f"""
import resource, signal, sys
sys.path.insert(0, {str(data.python)!r})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import {data.module.__name__} as module, {data.index_module.__name__} as index
index.TICK = -10**10
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
print(len(module.read(*{data.arguments!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "4\n")
    assert "no index is kept in" in done.stderr
    assert not [*(data.root / "xml").glob(".dataforge*")]


def test_two_lists_and_two_registrations_have_an_index_each(
    data: Data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.read()
    for name in ("fold/list.txt", "val.txt"):
        write(data.root / name, "a\n")
        data.module.read(str(data.root / name), *data.arguments[1:])
    other = Data(data.root, tmp_path / "other", monkeypatch, classes=("dog", "cat"))
    other.read()
    assert data.parsed_by() == other.parsed_by() == []
    assert len([*(data.root / "xml").glob(".dataforge-index-*")]) == 4


def test_it_moves_with_the_dataset(data: Data, tmp_path: Path) -> None:
    data.read()
    data.root = data.root.rename(tmp_path / "moved")
    assert data.parsed_by() == []


def test_no_format_sees_it(data: Data) -> None:
    before = Root(str(data.root)).files()
    data.read()
    assert data.index.exists()
    assert [*Root(str(data.root)).files()] == [*before]


# Many at once -----------------------------------------------------------------------------------

READER = """
import hashlib, json, os, signal, sys
sys.path.insert(0, sys.argv[1])
import importlib
module = importlib.import_module(sys.argv[2] + '.annotations')
index = importlib.import_module(sys.argv[2] + '.index')
index.TICK = -10**10
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == 'killed':
    index.os.replace = die
for _ in range(20):
    infos = module.read(*sys.argv[4:])
    text = json.dumps([[*map(list, info['objects'])] for info in infos])
    print(hashlib.sha256(text.encode()).hexdigest())
"""


def reader(data: Data, how: str) -> subprocess.Popen[str]:
    package = data.module.__name__.split(".")[0]
    command = [sys.executable, "-c", READER, str(data.python), package, how, *data.arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_many_processes_at_once_read_the_same(data: Data) -> None:
    for number in range(20):
        data.add(f"n{number}", *(voc_object("cat", (i, 1, i + 9, 20)) for i in range(number)))
    plain = data.module.read(*data.arguments, index=False)
    text = json.dumps([[*map(list, info["objects"])] for info in plain])
    expected = hashlib.sha256(text.encode()).hexdigest()
    readers = [reader(data, "many") for _ in range(4)]
    while any(process.poll() is None for process in readers):
        (data.root / "xml" / "n7.xml").touch()  # so that they write again and again
        time.sleep(0.005)
    for process in readers:
        out, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        assert out.splitlines() == [expected] * 20
    assert not [*(data.root / "xml").glob("*.tmp")]
    data.read()
    assert data.parsed_by() == []


def test_a_process_that_is_killed_while_it_writes(data: Data) -> None:
    process = reader(data, "killed")
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (left,) = (data.root / "xml").glob(".dataforge-index-*")
    assert left.suffix == ".tmp"
    assert data.parsed_by() == ALL
    assert data.parsed_by() == []
    assert left.exists()  # somebody may be writing it
    os.utime(left, (0, 0))
    added(data)
    assert data.parsed_by() == ["new.xml"]
    assert not left.exists()


# Objects ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2])
def test_objects_are_a_sequence(times: int, data: Data) -> None:
    """On the first start and on the second."""
    for _ in range(times):
        infos = data.module.read(*data.arguments)
    objects = infos[0]["objects"]
    expected = [(0, tuple(map(float, box)), False) for box in BOXES]
    expected.append((1, (1.0, 2.0, 30.0, 40.0), False))
    assert objects == expected
    assert (len(objects), objects[1:3], objects[-1]) == (4, expected[1:3], expected[3])
    assert [bool(info["objects"]) for info in infos] == [True, True, False, True]
    assert objects != infos[1]["objects"]
    for copied in (pickle.loads(pickle.dumps(infos[1])), copy.deepcopy(infos[1])):
        assert copied == infos[1]
        assert len(pickle.dumps(copied["objects"])) < 300  # not those of all files


def test_it_is_off_where_that_is_registered(tmp_path: Path) -> None:
    for framework in ("mmdet2", "mmdet3", "torchvision"):
        files = render(spec("Any", index=False), framework)
        module = files[f"python/any_dataset/{framework}.py"]
        assert "index=False" in module
        assert "index=True" not in module
        assert "index=True" in render(spec("Any"), framework)[f"python/any_dataset/{framework}.py"]
    picture(tmp_path / "set" / "img" / "a.png")
    write(tmp_path / "set" / "xml" / "a.xml", voc_xml(voc_object("dog", (1, 2, 30, 40))))
    assert planned(tmp_path / "set").dataset.index
