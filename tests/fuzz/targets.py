"""What is fuzzed: bytes in, read by the real readers, written by the real writers, checked, and
printed; whatever is no DataforgeError is a fault, and so is output that a terminal would obey.

Used by `fuzz.py` (atheris) and by `test_fuzz.py` (hypothesis), on the same seeds in `corpus/`.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import IO, Any

import msgspec
from click import ClickException
from printed import assert_json, assert_text

from dataforge.checks.select import load_settings
from dataforge.classes import ClassRules, Tally
from dataforge.classes import rules as classes
from dataforge.cli import program
from dataforge.cli.output import warn
from dataforge.datasets import find_voc_layout
from dataforge.errors import DataforgeError
from dataforge.findings import Clip, Drop, Edit, Finding, Reorder
from dataforge.formats import (
    Format,
    SourceText,
    Text,
    applied,
    bdd100k,
    coco,
    createml,
    crowdhuman,
    csv,
    cvat,
    dota,
    images,
    isat,
    kitti,
    labelme,
    labelmexml,
    labelstudio,
    via,
    visdrone,
    voc,
    widerface,
    yolo,
)
from dataforge.formats.cvat import shapes
from dataforge.io import Root, Trace
from dataforge.layouts import Layout, load_layout
from dataforge.records import Image
from dataforge.splits import manifest
from dataforge.testing import driver
from dataforge.verbs.check import CheckOptions, check
from dataforge.verbs.convert import Job, convert
from dataforge.verbs.evaluate import look_at_results, read_predictions

CORPUS = Path(__file__).parent / "corpus"

shapes.MOST_COMPUTED //= 4
"""A track in a line fills it, in seconds, and the fuzzer would find little else."""


class HeldRoot(Root):
    """A folder in memory."""

    def __init__(self, held: dict[str, bytes]) -> None:
        self.location = "held"
        self.remote = False
        self.held = held
        self._files = sorted(held)
        self.trace = Trace()
        self.apart = ""

    def open(self, name: str) -> IO[bytes]:
        """The file, or the error that a folder gives."""
        if name not in self.held:
            raise FileNotFoundError(2, "No such file or directory", name)
        return io.BytesIO(self.held[name])

    def exists(self, name: str) -> bool:
        """Whether it is there."""
        return name in self.held


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    """A grey PNG; as many pixels as it likes to claim, and those that are given in it."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(pixels) if pixels else b""),
            (b"IEND", b""),
        )
    )


IMAGE = png(64, 48)
MASK = png(64, 48, b"\0" + b"\xff" * 8 + b"\0" * (65 * 48 - 9))
_JOINERS = dict.fromkeys(map(ord, "\u200c\u200d"))
"""Stay where scripts need them, see `dataforge.errors.one_line`."""


def _read(format_: Format, held: dict[str, bytes], options: Any = None, **context: Any) -> None:
    """Take all that a reader yields as `convert` does: kept on disk, told, reported."""
    root = HeldRoot(held)
    tally = Tally()
    for record in driver.read(format_, root, options, **context):
        if isinstance(record, Finding):
            assert str(record).translate(_JOINERS).isprintable()
            msgspec.json.encode(record.lost)
        else:
            msgspec.msgpack.encode(record)
            if isinstance(record, Image):
                for instance in record.instances:
                    tally.add(instance.label, instance.parts, instance.place)
    list(ClassRules(unknown="add").resolver().settle(tally).findings())
    _check(format_, root, options, **context)


def _check(format_: Format, root: Root, options: Any, **context: Any) -> None:
    """The same as `check` does it, whose findings have edits."""
    texts: dict[str, bytes] = {}
    edits: list[Edit] = []
    for record in driver.read_all(format_, root, options, strict=True, keep_text=True, **context):
        if isinstance(record, SourceText):
            texts[record.file] = record.data
        elif isinstance(record, Finding):
            assert str(record).translate(_JOINERS).isprintable()
            edits += record.edits
        elif isinstance(record, Image):
            for instance in record.instances:
                clip = Clip((record.width, record.height), instance.box)
                edits += [Edit(instance.place, action) for action in (Drop(), Reorder(), clip)]
    held = {name: Text(name, data) for name, data in texts.items()}
    for edit in _some(edits) if format_.editor else ():
        _edit(format_, held[edit.place.file], edit)


def _some(edits: Sequence[Edit]) -> Sequence[Edit]:
    """All of a few, some of many: each takes the whole file apart again."""
    return edits[:: len(edits) // _MOST_EDITS + 1]


_MOST_EDITS = 12


def _edit(format_: Format, text: Text, edit: Edit) -> None:
    """What is edited can still be taken apart."""
    assert format_.editor is not None
    with suppress(DataforgeError):
        changes = sorted(format_.editor.changes(text, edit))
        after = Text(text.name, applied(text.text, changes).encode(text.codec))
        if text.name.endswith(".json"):
            after.json.span(("a",))
            assert changes == [] or after.json.length(()) == 0  # an object, as it was
        elif text.name.endswith(".xml"):
            assert after.xml.tag == text.xml.tag


def _labelme(data: bytes) -> None:
    reader = driver.reader_of(labelme.FORMAT)
    options = reader.Options(lines="stroke=2", points="radius=2", extract_images=True)
    _read(labelme.FORMAT, {"a.json": data, "a.png": IMAGE}, options)


def _poses(data: bytes) -> None:
    options = driver.reader_of(labelme.FORMAT).Options(keypoints="auto")
    _read(labelme.FORMAT, {"a.json": data, "a.png": IMAGE}, options)


def _yolo_pose(data: bytes) -> None:
    described = b"names: [cat, dog]\nkpt_shape: [2, 3]\nkpt_names: {0: [nose]}\n"
    held = {"data.yaml": described, "labels/a.txt": data, "images/a.png": IMAGE}
    _read(yolo.FORMAT, held)


def _dota(data: bytes) -> None:
    _read(dota.FORMAT, {"labelTxt/a.txt": data, "images/a.png": IMAGE})


def _coco(data: bytes) -> None:
    held = {"instances_train.json": data, "a.png": IMAGE}
    _read(coco.FORMAT, held)
    _survived(coco.image_names, HeldRoot(held), "instances_train.json")


def _createml(data: bytes) -> None:
    _read(createml.FORMAT, {"train.json": data, "a.png": IMAGE})


def _csv(data: bytes) -> None:
    """A table, and the classes of another one."""
    _read(csv.FORMAT, {"train.csv": data, "a.png": IMAGE})
    table = b"ImageID,LabelName,XMin,XMax,YMin,YMax\na,/m/01,0.1,0.5,0.25,0.75\n"
    _read(csv.FORMAT, {"classes.csv": data, "train.csv": table, "a.png": IMAGE})


def _labelstudio(data: bytes) -> None:
    reader = driver.reader_of(labelstudio.FORMAT)
    held = {"train.json": data, "a.png": IMAGE}
    _read(labelstudio.FORMAT, held, reader.Options(annotations="all"))


def _via(data: bytes) -> None:
    """As JSON or, if it is not that, as a table."""
    name = "train.json" if data[:1] == b"{" else "train.csv"
    _read(via.FORMAT, {name: data, "a.png": IMAGE})


def _bdd100k(data: bytes) -> None:
    """A list, and a file of one image."""
    _read(bdd100k.FORMAT, {"labels/det_train.json": data, "images/a.png": IMAGE})
    _read(bdd100k.FORMAT, {"labels/a.json": data, "images/a.png": IMAGE})


def _crowdhuman(data: bytes) -> None:
    _read(crowdhuman.FORMAT, {"annotation_train.odgt": data, "Images/a.png": IMAGE})


def _visdrone(data: bytes) -> None:
    """Of an image, and of a video."""
    _read(visdrone.FORMAT, {"annotations/a.txt": data, "images/a.png": IMAGE})
    _read(visdrone.FORMAT, {"annotations/a.txt": data, "sequences/a/1.png": IMAGE})


def _widerface(data: bytes) -> None:
    _read(widerface.FORMAT, {"wider_face_train_bbx_gt.txt": data, "a.png": IMAGE})


def _voc(data: bytes) -> None:
    places = Layout(images=".", annotations=".")
    _read(voc.FORMAT, {"a.xml": data, "a.png": IMAGE}, layout=places)


def _cvat(data: bytes) -> None:
    _read(cvat.FORMAT, {"annotations.xml": data, "images/a.png": IMAGE})


def _isat(data: bytes) -> None:
    """A file of ISAT, whose layers are cut out of each other, and the classes of another one."""
    options = driver.reader_of(isat.FORMAT).Options(layers="cut")
    _read(isat.FORMAT, {"a.json": data, "a.png": IMAGE}, options)
    file = b'{"info": {"description": "ISAT", "name": "a.png"}, "objects": []}'
    _read(isat.FORMAT, {"isat.yaml": data, "a.json": file, "a.png": IMAGE})


def _labelmexml(data: bytes) -> None:
    held = {"Annotations/a.xml": data, "Images/a.png": IMAGE, "Masks/a.png": MASK}
    _read(labelmexml.FORMAT, held)


def _kitti(data: bytes) -> None:
    _read(kitti.FORMAT, {"label_2/a.txt": data, "image_2/a.png": IMAGE})


def _yolo(data: bytes) -> None:
    held = {"classes.txt": b"cat\ndog\n", "labels/a.txt": data, "images/a.png": IMAGE}
    _read(yolo.FORMAT, held)


def _yolo_data(data: bytes) -> None:
    rows = b"0 .5 .5 .5 .5\n1 .5 .5 .2 .2 0 0 1 .1 .1 2\n"
    _read(yolo.FORMAT, {"data.yaml": data, "labels/a.txt": rows, "images/a.png": IMAGE})


def _lists(data: bytes) -> None:
    """A list of ids, of images, and of class names."""
    xml = b"<annotation><object><name>cat</name></object></annotation>"
    held = {"a.xml": xml, "b/a.xml": xml, "a.png": IMAGE, "train.txt": data}
    places = Layout(images=".", annotations=".", splits={"train": "train.txt"})
    _read(voc.FORMAT, held, layout=places)
    find_voc_layout(HeldRoot(held))
    held = {"a.txt": b"0 .5 .5 .5 .5\n", "a.png": IMAGE, "train.txt": data, "classes.txt": data}
    _read(yolo.FORMAT, held)


_FILE = Path(tempfile.mkdtemp(prefix="dataforge-fuzz")) / f"{os.getpid()}.toml"


def _toml(data: bytes) -> None:
    """A layout, classes, aliases, a manifest, the settings of `check`."""
    _FILE.write_bytes(data)
    for read in (load_layout, classes.load_classes, classes.load_aliases, manifest.load_manifest,
                 load_settings):  # fmt: skip
        _survived(read, _FILE)


_TRUTH = (
    b'{"images": [{"id": 1, "file_name": "a.png", "width": 4, "height": 3}],'
    b' "categories": [{"id": 1, "name": "cat"}]}'
)


def _results(data: bytes) -> None:
    """Results of COCO, and which file they are of."""
    path = _FILE.with_suffix(".json")
    path.write_bytes(data)
    truth = _FILE.with_suffix(".truth")
    truth.write_bytes(_TRUTH)
    _survived(read_predictions, truth, path)
    _survived(look_at_results, data, {"a.json": _TRUTH}, "r.json")


def _manifest(data: bytes) -> None:
    path = _FILE.with_suffix(".json")
    path.write_bytes(data)
    _survived(manifest.load_manifest, path)


def _image(data: bytes) -> None:
    _read(images.FORMAT, {"a.png": data})


_FOLDER = _FILE.with_suffix("")

ELEMENTS = 1_000
"""Shapes in one file of the target `many`; `fuzz.py` makes it 100,000."""


def _dataset(data: bytes, name: str = "a") -> Path:
    """A folder, new each time, with one labelme file and its image."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    (_FOLDER / "in").mkdir(parents=True)
    (_FOLDER / "in" / f"{name}.json").write_bytes(data)
    for image in {"a.png", f"{name}.png"}:
        (_FOLDER / "in" / image).write_bytes(IMAGE)
    return _FOLDER / "in"


def _writers(data: bytes) -> None:
    """All writers, and what they wrote is read."""
    source = _dataset(data)
    for writes in ("coco", "voc", "yolo", "cvat", "kitti"):
        out = _FOLDER / writes
        read = {"lines": "stroke=2", "points": "radius=2", "verify_images": False}
        job = Job(
            source=str(source), out=str(out), reads="labelme", writes=writes, unknown="add",
            read_options=read, image_mode="copy", clip=bool(zlib.crc32(data) % 2),
        )  # fmt: skip
        with suppress(DataforgeError):
            report = convert(job)
            lost = sum(finding.lost for finding in report.findings)
            had = sum(sum(of.values()) for of in report.instances.values())
            assert report.shapes + lost >= had  # writers leave some out, and say so
            _survived(check, str(out), CheckOptions(reads=writes, pixels=False))


class _Printed(io.BytesIO):
    """What is printed; atheris's alarm asks sys.stderr for its number at any moment."""

    def fileno(self) -> int:
        return 2


def _output(data: bytes) -> None:
    """What is printed of it, and what is reported to a file; the first bytes are a name."""
    name = os.fsdecode(data[:40].translate(None, b"/\0")).strip(".") or "a"
    source = str(_dataset(data, name))
    report = _FOLDER / "report.json"
    calls = (
        ("check", source), ("check", source, "--json", "--report", str(report)),
        ("check", source, "--output-format", "github"), ("check", source, "--diff"),
        ("check", source, "--output-format", "sarif"), ("inspect", source),
        ("convert", "labelme2yolo", source, str(_FOLDER / name), "--report", str(report)),
        ("check", str(_FOLDER / "none" / os.fsdecode(data[:99].translate(None, b"/\0")))),
    )  # fmt: skip
    call = calls[zlib.crc32(data) % len(calls)]
    printed, errors = (io.TextIOWrapper(_Printed(), "utf-8") for _ in range(2))
    with redirect_stdout(printed), redirect_stderr(errors):
        try:
            program.program().main(call, prog_name="dataforge", standalone_mode=False)
        except (DataforgeError, ClickException) as error:
            warn(f"error: {error}")
    text = printed.buffer.getvalue().decode("utf-8")
    assert_text(errors.buffer.getvalue().decode("utf-8"))
    if call[-1] == "sarif" or "--json" in call:
        if text:
            assert_json(text)
    else:
        assert_text(text, github=call[-1] == "github", diff=call[-1] == "--diff")
    if report.exists():
        json.loads(report.read_bytes().decode("utf-8"))


def _many(data: bytes) -> None:
    """Its shapes, again and again in one file: the same, or each beside the one before."""
    try:
        found = json.loads(data)
        shapes = found["shapes"]
        repeated = list(islice(cycle(shapes), ELEMENTS))
        if zlib.crc32(data) % 2:
            repeated = [_moved(one, number) for number, one in enumerate(repeated)]
        many = json.dumps({**found, "shapes": repeated}).encode()
    except (ValueError, TypeError, LookupError, RecursionError):
        return
    _survived(check, str(_dataset(many)), CheckOptions(reads="labelme", pixels=False))


def _moved(shape: Any, number: int) -> Any:
    if not isinstance(shape, dict) or not isinstance(shape.get("points"), list):
        return shape
    points = [
        [value + number / 7 if isinstance(value, (int, float)) else value for value in point]
        if isinstance(point, list)
        else point
        for point in shape["points"]
    ]
    return {**shape, "points": points}


def _survived(function: Callable[..., Any], *arguments: Any) -> None:
    with suppress(DataforgeError):
        function(*arguments)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "labelme": _labelme,
    "coco": _coco,
    "createml": _createml,
    "bdd100k": _bdd100k,
    "crowdhuman": _crowdhuman,
    "csv": _csv,
    "labelstudio": _labelstudio,
    "via": _via,
    "visdrone": _visdrone,
    "widerface": _widerface,
    "voc": _voc,
    "cvat": _cvat,
    "kitti": _kitti,
    "isat": _isat,
    "labelmexml": _labelmexml,
    "yolo": _yolo,
    "yolo-data": _yolo_data,
    "yolo-pose": _yolo_pose,
    "poses": _poses,
    "dota": _dota,
    "lists": _lists,
    "toml": _toml,
    "manifest": _manifest,
    "results": _results,
    "image": _image,
    "writers": _writers,
    "output": _output,
    "many": _many,
}

SEEDS = {"writers": "labelme", "output": "labelme", "many": "labelme"}
"""Targets whose seeds are those of another."""


def corpus(target: str) -> Path:
    """The folder of a target's seeds."""
    return CORPUS / SEEDS.get(target, target)


def run(target: str, data: bytes) -> None:
    """Read some bytes; returns if they are read, or refused as they ought to be."""
    _survived(TARGETS[target], data)


def seeds(target: str) -> list[bytes]:
    """The seed corpus of a target."""
    return [path.read_bytes() for path in sorted(corpus(target).iterdir())]


# Changing tokens, not bytes ---------------------------------------------------------------------

_ODD = (
    b"0", b"-0.0", b"-1", b"1e308", b"-1e308", b"1e999", b"1e-99999999999999999999", b"NaN",
    b"Infinity", b"nan", b"inf", b"9" * 30, b"9" * 400, b"2147483648", b"32768", b"0.5", b"null",
    b"true", b'""', b'"\\u0000"', b'"\\ud800"', b"[]", b"{}", b"[[]]", b"[[[[", b"]]]]", b"<a>",
    b"</a>", b"<?a?>", b"<!--", b"&#0;", b"&amp;", b"&x;", b"<!DOCTYPE a>", b"\xff", b"\x00",
    b"::error::x", b"\n::error::x", b"##vso[x]", b"\xe2\x80\xa8", b"\\u202e",
    b"\xef\xbb\xbf", b"\xc3\xa9", b"\xe2\x80\xae", b"\x1b[31m", b"\r\n", b"\n", b"\t", b"../",
    b"C:\\", b"//h/s/", b"*", b"{split}", b"&a", b"*a", b"- ", b": ", b"'", b"\"", b"#", b"=", b",",
    b"a", b"a.png", b"polygon", b"mask", b"circle", b"linestrip", b"points", b"rectangle",
)  # fmt: skip
"""What readers trip over, in the syntax of one or the other."""

TokenEdit = tuple[int, int, int]
"""(which change, which token, which other token or odd one)."""


def edited(data: bytes, edits: Iterable[TokenEdit]) -> bytes:
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
