"""What is fuzzed: bytes in, read by the real readers; whatever is no DataforgeError is a fault.

Used by `fuzz.py` (atheris) and by `test_fuzz.py` (hypothesis), on the same seeds in `corpus/`.
"""

from __future__ import annotations

import io
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import msgspec

from dataforge.checks.select import load_settings
from dataforge.classes import rules as classes
from dataforge.classes.resolver import ClassMap
from dataforge.errors import DataforgeError
from dataforge.formats import coco, images, labelme, voc, yolo
from dataforge.formats.base import Records
from dataforge.io.files import Root
from dataforge.datasets import infer
from dataforge.layouts import layout
from dataforge.layouts.layout import Layout
from dataforge.records import Finding
from dataforge.splits import manifest

CORPUS = Path(__file__).parent / "corpus"


class HeldRoot(Root):
    """A folder in memory."""

    def __init__(self, held: dict[str, bytes]) -> None:
        self.location = "held"
        self.remote = False
        self.held = held
        self._files = sorted(held)

    def open(self, name: str) -> IO[bytes]:
        """The file, or the error that a folder gives."""
        if name not in self.held:
            raise FileNotFoundError(2, "No such file or directory", name)
        return io.BytesIO(self.held[name])

    def exists(self, name: str) -> bool:
        """Whether it is there."""
        return name in self.held


def png(width: int, height: int) -> bytes:
    """A PNG's header and end; as many pixels as it likes to claim, and none in it."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            (b"IDAT", b""),
            (b"IEND", b""),
        )
    )


IMAGE = png(64, 48)


def _all(records: Records) -> None:
    """Take all that a reader yields as `convert` does: kept on disk, told, reported."""
    classes_ = ClassMap(unknown="add")
    for record in records:
        if isinstance(record, Finding):
            assert str(record).isprintable()
            msgspec.json.encode(record.lost)
        else:
            msgspec.msgpack.encode(record)
            if hasattr(record, "instances"):
                classes_.apply(record)
    list(classes_.findings())


def _labelme(data: bytes) -> None:
    root = HeldRoot({"a.json": data, "a.png": IMAGE})
    options = labelme.Options(lines="stroke=2", points="radius=2", extract_images=True)
    _all(labelme.read(root, options, ClassMap().canonical))


def _coco(data: bytes) -> None:
    root = HeldRoot({"instances_train.json": data, "a.png": IMAGE})
    _all(coco.read(root, coco.Options(), ClassMap().canonical))
    _survived(coco.image_names, root, "instances_train.json")


def _voc(data: bytes) -> None:
    root = HeldRoot({"a.xml": data, "a.png": IMAGE})
    options = voc.Options(layout=Layout(images=".", annotations="."))
    _all(voc.read(root, options, ClassMap().canonical))


def _yolo(data: bytes) -> None:
    held = {"classes.txt": b"cat\ndog\n", "labels/a.txt": data, "images/a.png": IMAGE}
    _all(yolo.read(HeldRoot(held), yolo.Options(), ClassMap().canonical))


def _yolo_data(data: bytes) -> None:
    rows = b"0 .5 .5 .5 .5\n1 .5 .5 .2 .2 0 0 1 .1 .1 2\n"
    held = {"data.yaml": data, "labels/a.txt": rows, "images/a.png": IMAGE}
    _all(yolo.read(HeldRoot(held), yolo.Options(), ClassMap().canonical))


def _lists(data: bytes) -> None:
    """A list of ids, of images, and of class names."""
    xml = b"<annotation><object><name>cat</name></object></annotation>"
    root = HeldRoot({"a.xml": xml, "b/a.xml": xml, "a.png": IMAGE, "train.txt": data})
    places = Layout(images=".", annotations=".", splits={"train": "train.txt"})
    _all(voc.read(root, voc.Options(layout=places), ClassMap().canonical))
    infer.infer(root)
    held = {"a.txt": b"0 .5 .5 .5 .5\n", "a.png": IMAGE, "train.txt": data, "classes.txt": data}
    _all(yolo.read(HeldRoot(held), yolo.Options(), ClassMap().canonical))


_FILE = Path(tempfile.mkdtemp(prefix="dataforge-fuzz")) / f"{os.getpid()}.toml"


def _toml(data: bytes) -> None:
    """A layout, classes, aliases, a manifest, the settings of `check`."""
    _FILE.write_bytes(data)
    for read in (layout.load, classes.load_classes, classes.load_aliases, manifest.load,
                 load_settings):  # fmt: skip
        _survived(read, _FILE)


def _manifest(data: bytes) -> None:
    path = _FILE.with_suffix(".json")
    path.write_bytes(data)
    _survived(manifest.load, path)


def _image(data: bytes) -> None:
    _all(images.read(HeldRoot({"a.png": data}), images.Options(), ClassMap().canonical))


def _survived(function: Callable[..., Any], *arguments: Any) -> None:
    with suppress(DataforgeError):
        function(*arguments)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "labelme": _labelme,
    "coco": _coco,
    "voc": _voc,
    "yolo": _yolo,
    "yolo-data": _yolo_data,
    "lists": _lists,
    "toml": _toml,
    "manifest": _manifest,
    "image": _image,
}


def run(target: str, data: bytes) -> None:
    """Read some bytes; returns if they are read, or refused as they ought to be."""
    _survived(TARGETS[target], data)


def seeds(target: str) -> list[bytes]:
    """The seed corpus of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


# Changing tokens, not bytes ---------------------------------------------------------------------

_ODD = (
    b"0", b"-0.0", b"-1", b"1e308", b"-1e308", b"1e999", b"1e-99999999999999999999", b"NaN",
    b"Infinity", b"nan", b"inf", b"9" * 30, b"9" * 400, b"2147483648", b"32768", b"0.5", b"null",
    b"true", b'""', b'"\\u0000"', b'"\\ud800"', b"[]", b"{}", b"[[]]", b"[[[[", b"]]]]", b"<a>",
    b"</a>", b"<?a?>", b"<!--", b"&#0;", b"&amp;", b"&x;", b"<!DOCTYPE a>", b"\xff", b"\x00",
    b"\xef\xbb\xbf", b"\xc3\xa9", b"\xe2\x80\xae", b"\x1b[31m", b"\r\n", b"\n", b"\t", b"../",
    b"C:\\", b"//h/s/", b"*", b"{split}", b"&a", b"*a", b"- ", b": ", b"'", b"\"", b"#", b"=", b",",
    b"a", b"a.png", b"polygon", b"mask", b"circle", b"linestrip", b"points", b"rectangle",
)  # fmt: skip
"""What readers trip over, in the syntax of one or the other."""

Edit = tuple[int, int, int]
"""(which change, which token, which other token or odd one)."""


def edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The data with some of its tokens left out, doubled, taken for others, or moved."""
    tokens: list[bytes] = re.findall(rb"[-+.\w]+|\s+|.", data, re.DOTALL)
    for kind, at, other in edits:
        if not tokens:
            tokens = [b""]
        at %= len(tokens)
        _CHANGES[kind % len(_CHANGES)](tokens, at, other)
    return b"".join(tokens)


def _leave_out(tokens: list[bytes], at: int, other: int) -> None:
    del tokens[at : at + 1 + other % 20]


def _replace(tokens: list[bytes], at: int, other: int) -> None:
    tokens[at] = _ODD[other % len(_ODD)]


def _insert(tokens: list[bytes], at: int, other: int) -> None:
    tokens.insert(at, _ODD[other % len(_ODD)])


def _repeat(tokens: list[bytes], at: int, other: int) -> None:
    if len(tokens) < 2000:
        tokens[at:at] = tokens[at : at + 1 + other % 40] * (1 + other % 5)


def _swap(tokens: list[bytes], at: int, other: int) -> None:
    other %= len(tokens)
    tokens[at], tokens[other] = tokens[other], tokens[at]


_CHANGES: Sequence[Callable[[list[bytes], int, int], None]] = (
    _leave_out,
    _replace,
    _replace,
    _insert,
    _repeat,
    _swap,
)
