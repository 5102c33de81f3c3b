"""What every format promises; a format has it tested by a subclass of `FormatContract`.

Each subclass is in a file of its own, ``test_<format>.py``, and brings a tiny dataset that is
written by hand, and the records that are in it, worked out by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from helpers import HEIGHT, WIDTH, Read, picture, python, snapshot, write

from dataforge.classes.resolver import ClassMap
from dataforge.cli.formats import as_text
from dataforge.convert import Job, Report, convert
from dataforge.converters import CONVERTERS
from dataforge.engines import local
from dataforge.engines.table import get_engine
from dataforge.errors import InputError
from dataforge.formats.table import formats, get_format
from dataforge.io.files import Root, is_image
from dataforge.records import Category, Finding, Header, Image, Instance, Mask, Polygons

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
BOX = (8.0, 12.0, 24.0, 36.0)
"""The one box of the dataset that `FormatContract.one` writes; of 64 x 48 pixels these are halves,
quarters and eighths, so that floats hold them in every form."""

NAMES = (
    "a.jpg", "a b.jpg", " a.jpg", "人物_01.jpg", "it's \"x\".jpg", "a.b.c.jpg", "e\u0301.jpg",
    "-x.jpg", "#1.jpg", "100%41.jpg", "x,y;z.png", "d e/ü/a.jpg", "UPPER.JPG", "a.jpg.png",
    "[1]*.jpg", "&amp;.jpg", "null.jpg", "images of/a.jpg",
)  # fmt: skip
LABELS = ("cat", "人 物", 'it\'s "x" & <y>', "no", "007", "a,b", "a: b", "# 1", "e\u0301")


class Broken(NamedTuple):
    """A file of the dataset, put in place of another or beside it, that is not as it should be.

    Attributes:
        file: its path.
        content: what is in it.
        code, where: of the finding that it must give.
        lost: the images, of those in the dataset, that cannot be read because of it.
    """

    file: str
    content: str | bytes
    code: str
    where: str
    lost: tuple[str, ...] = ()


class FormatContract:
    """Base of the tests of each format.

    Attributes:
        format: its name.
        header: what the dataset's header must be, None where the format has none.
        records: the images that must be read, in order.
        codes: codes of the findings that the dataset gives.
        broken: what can be wrong with it.
    """

    format: str
    header: Header | None = None
    records: Sequence[Image] = ()
    codes: Sequence[str] = ()
    broken: Sequence[Broken] = ()

    # What a subclass writes by hand.

    def dataset(self, folder: Path) -> None:
        """Write the dataset that `records` are in."""
        raise NotImplementedError

    def one(self, folder: Path, name: str, label: str) -> str:
        """Write a dataset of one image with the one object `BOX`, returns the image's path."""
        raise NotImplementedError

    def nothing(self, folder: Path) -> None:
        """Write a dataset without images."""
        folder.mkdir(parents=True, exist_ok=True)

    def options(self, folder: Path) -> Any:
        """How to read it."""
        return self.module.Options()

    # What the tests use.

    @property
    def module(self) -> Any:
        return get_format(self.format)

    def read(self, folder: Path, options: Any = None) -> Read:
        return Read(list(self.stream(folder, options)))

    def stream(self, folder: Path, options: Any = None) -> Iterator[Any]:
        options = options or self.options(folder)
        yield from self.module.read(Root(folder), options, ClassMap().canonical)

    def write(self, out: Path, splits: dict[str, list[Image]], classes: Sequence[str]) -> Any:
        """Write records, and a picture for each; returns the findings."""
        header = Header(categories=tuple(Category(name=name) for name in classes))
        out.mkdir(parents=True, exist_ok=True)
        found = list(self.module.write(out, splits, header, self.module.WriteOptions()))
        for split, images in splits.items():
            for image in images:
                picture(out / self.module.image_path(split, image.file_name))
        return found

    def targets(self) -> list[str]:
        """Formats that this one can be converted to, and itself."""
        return [
            name
            for name, row in formats().items()
            if row.writes and (f"{self.format}2{name}" in CONVERTERS or name == self.format)
        ]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each thing that can be wrong."""
        if "broken" in metafunc.fixturenames:
            kinds = metafunc.cls.broken
            ids = [f"{kind.code}-{i}" for i, kind in enumerate(kinds)]
            metafunc.parametrize("broken", kinds, ids=ids)

    # Reading.

    def test_the_records_are_those_worked_out_by_hand(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        found = list(self.stream(tmp_path))
        headers = [one for one in found if isinstance(one, Header)]
        assert headers == ([] if self.header is None else [self.header])
        assert [one for one in found if isinstance(one, Image)] == list(self.records)
        assert [one.code for one in found if isinstance(one, Finding)] == list(self.codes)

    def test_there_are_all_kinds_of_images_in_the_dataset(self) -> None:
        """Otherwise the tests below would show little."""
        assert len(self.records) > 1
        assert any(" " in image.file_name for image in self.records)
        assert not all(image.file_name.isascii() for image in self.records)
        if not getattr(self.module, "UNLABELLED", False):
            assert any(len(image.instances) > 1 for image in self.records)
            assert any(not image.instances for image in self.records)

    def test_nothing_is_read_of_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        options = self.module.Options()
        for folder in ("folder", "dataset"):
            if folder == "dataset":
                self.nothing(tmp_path / "dataset")
            read = self.read(tmp_path / folder, options)
            assert read.images == []
            assert [finding for finding in read.findings if finding.severity == "error"] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_one_image_of_any_name(self, tmp_path: Path, name: str) -> None:
        path = self.one(tmp_path, name, "cat")
        read = self.read(tmp_path)
        assert (read.image.file_name, read.image.width, read.image.height) == (path, WIDTH, HEIGHT)
        self.check_the_one(read, "cat")

    @pytest.mark.parametrize("label", LABELS)
    def test_one_image_with_any_label(self, tmp_path: Path, label: str) -> None:
        self.one(tmp_path, "a.jpg", label)
        self.check_the_one(self.read(tmp_path), label)

    def check_the_one(self, read: Read, label: str) -> None:
        assert [finding for finding in read.findings if finding.severity != "note"] == []
        if not getattr(self.module, "UNLABELLED", False):
            assert (read.instance.label, read.instance.box) == (label, BOX)
            assert read.instance.area == 16 * 24

    def test_hidden_files_are_not_of_the_dataset(self, tmp_path: Path) -> None:
        """As macOS and editors leave them: ``._a.json`` beside ``a.json``."""
        self.dataset(tmp_path)
        for name in snapshot(tmp_path):
            path = tmp_path / name
            write(path.with_name(f"._{path.name}"), b"\x00\x05\x16\x07")
            write(tmp_path / ".cache" / name, path.read_bytes())
        read = self.read(tmp_path)
        assert read.images == list(self.records)
        assert read.codes == list(self.codes)

    def test_a_file_that_is_wrong_is_named_and_the_rest_is_read(
        self, tmp_path: Path, broken: Broken
    ) -> None:
        self.dataset(tmp_path)
        options = self.options(tmp_path)
        write(tmp_path / broken.file, broken.content)
        read = self.read(tmp_path, options)
        found = [finding for finding in read.findings if finding.code == broken.code]
        assert [(finding.file, finding.where) for finding in found] == [
            (broken.file, broken.where)
        ], read.findings
        left = [image for image in self.records if image.file_name not in broken.lost]
        assert {image.file_name for image in read.images} >= {image.file_name for image in left}
        assert not {image.file_name for image in read.images} & set(broken.lost)
        # What is in the other files is as it was.
        others = [image for image in left if image.source != broken.file]
        assert [image for image in read.images if image.source != broken.file] == others
        check_findings(read.findings, tmp_path)

    @pytest.mark.parametrize("damage", ["cut", "changed", "doubled"])
    def test_no_damage_ends_the_reading(self, tmp_path: Path, damage: str) -> None:
        """Every file but the images, damaged at many places: whatever is missing, a line says."""
        self.dataset(tmp_path)
        options = self.options(tmp_path)
        for name, data in snapshot(tmp_path).items():
            for at in range(0, len(data), max(1, len(data) // 40)) if not is_image(name) else ():
                bad = {
                    "cut": data[:at],
                    "changed": data[:at] + b'"' + data[at + 1 :],
                    "doubled": data[:at] + data[at : at + 9] + data[at:],
                }[damage]
                write(tmp_path / name, bad)
                read = self.read_or_say(name, tmp_path, options)
                check_findings(read.findings, tmp_path)
                names = [image.file_name for image in read.images]
                missing = {image.file_name for image in self.records} - set(names)
                assert not missing or set(read.codes) - set(self.codes), (name, at, missing)
            write(tmp_path / name, data)

    def read_or_say(self, name: str, folder: Path, options: Any) -> Read:
        """What is read; all of it with an error where the file is a list of images that is no text.

        What is in a split cannot be guessed, so that such a file ends the reading.
        """
        try:
            return self.read(folder, options)
        except InputError as error:
            said = str(error)
        assert name in said
        return Read([Finding(code="not-read", severity="error", file=name, message=said)])

    # Reading and writing.

    def test_sources_are_left_as_they_are(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        before = snapshot(tmp_path / "in"), times(tmp_path / "in")
        for target in self.targets():
            self.converted(tmp_path / "in", tmp_path, target)
        assert (snapshot(tmp_path / "in"), times(tmp_path / "in")) == before

    def converted(self, source: Path, folder: Path, target: str, workers: int = 1) -> Report:
        job = Job(source=str(source), out=str(folder / f"to {target}"), reads=self.format,
                  writes=target, images="copy", workers=workers)  # fmt: skip
        report = convert(job)
        assert sum(report.images.values()) == len(self.records)
        check_findings(report.findings)
        return report

    def test_the_same_bytes_twice(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        for target in self.targets():
            for turn in ("1", "2"):
                self.converted(tmp_path / "in", tmp_path / turn, target)
        assert snapshot(tmp_path / "1") == snapshot(tmp_path / "2")

    def test_the_same_bytes_at_one_and_two_workers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(local, "BATCH", 1)  # so that both workers have something to do
        self.dataset(tmp_path / "in")
        for target in self.targets():
            said = []
            for workers in (1, 2):
                folder = tmp_path / str(workers)
                report = self.converted(tmp_path / "in", folder, target, workers)
                said.append(msgspec.structs.replace(report, out=""))
            assert said[0] == said[1]
        assert snapshot(tmp_path / "1") == snapshot(tmp_path / "2")

    def test_the_same_is_said_at_one_and_two_workers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of a dataset in which all is wrong that can be."""
        monkeypatch.setattr(local, "BATCH", 1)
        self.dataset(tmp_path)
        options = self.options(tmp_path)
        for broken in self.broken:
            write(tmp_path / broken.file, broken.content)
        said = [
            list(self.module.read(Root(tmp_path), options, str.strip, get_engine(workers).map))
            for workers in (1, 2)
        ]
        assert said[0] == said[1]
        assert any(isinstance(one, Finding) for one in said[0])

    def test_the_same_bytes_under_every_hash_seed(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        made = []
        for seed, workers in (("0", "1"), ("1", "2")):
            (tmp_path / seed).mkdir()
            arguments = [str(tmp_path / "in"), self.format, workers, *self.targets()]
            result = python("-c", CONVERT, *arguments, cwd=tmp_path / seed, PYTHONHASHSEED=seed)
            assert (result.returncode, result.stderr) == (0, "")
            made.append(snapshot(tmp_path / seed))
        assert len(made[0]) > 2 * len(self.targets())
        assert made[0] == made[1]

    # What is said of it.

    def test_what_is_lost_is_said_in_sentences(self) -> None:
        lossy = self.module.LOSSY
        assert isinstance(lossy, tuple)
        assert lossy or not formats()[self.format].writes
        listed = as_text()
        for sentence in lossy:
            assert len(sentence.split()) > 2, "a few words at least"
            assert sentence == sentence.strip().rstrip(".")
            assert f"  cannot hold: {sentence}" in listed


class WriterContract(FormatContract):
    """Base of the tests of a format that is written, too."""

    def test_nothing_is_written_of_nothing(self, tmp_path: Path) -> None:
        found = self.write(tmp_path / "out", {"train": [], "val": []}, ["cat"])
        assert [finding.code for finding in found if finding.severity != "note"] == []
        options = self.module.Options()
        assert self.read(tmp_path / "out", options).images == []

    @pytest.mark.parametrize("name", NAMES)
    def test_a_name_that_is_written_is_read_again(self, tmp_path: Path, name: str) -> None:
        splits = {"train": [marked(name, "cat")], "val": [marked("other.jpg", "dog")]}
        found = self.write(tmp_path, splits, ["cat", "dog"])
        assert [finding.code for finding in found if finding.severity != "note"] == []
        read = self.read(tmp_path)
        written = {self.module.image_path(split, images[0].file_name): images[0].instances
                   for split, images in splits.items()}  # fmt: skip
        assert {
            image.file_name.removeprefix("./"): [(one.label, one.box) for one in image.instances]
            for image in read.images
        } == {
            path: [(one.label, pytest.approx(one.box)) for one in instances]
            for path, instances in written.items()
        }
        assert [str(finding) for finding in read.findings if finding.severity != "note"] == []

    def test_what_is_written_or_lost_is_what_was_there(self, tmp_path: Path) -> None:
        splits = {"train": RICH[:2], "val": RICH[2:]}
        found = self.write(tmp_path, splits, ["cat", "dog"])
        check_findings(found)
        read = self.read(tmp_path)
        kept = sum(len(image.instances) for image in read.images)
        there = sum(len(image.instances) for image in RICH)
        assert there == kept + sum(finding.lost for finding in found) == 8
        assert len(read.images) == len(RICH)

    def test_writing_does_not_change_the_records(self, tmp_path: Path) -> None:
        before = repr(RICH)
        self.write(tmp_path, {"train": RICH}, ["cat", "dog"])
        assert repr(RICH) == before

    def test_all_files_are_below_the_targets(self, tmp_path: Path) -> None:
        """The caller clears and replaces these alone."""
        out = tmp_path / "out"
        self.write(out, {"train": RICH[:2], "val": RICH[2:]}, ["cat", "dog"])
        targets = self.module.targets(out, ["train", "val"])
        for name in snapshot(out):
            path = out / name
            assert not targets or is_image(name) or any(
                target in (path, *path.parents) for target in targets
            ), name  # fmt: skip


CONVERT = """
import sys
from pathlib import Path
from dataforge.convert import Job, convert, save_report
source, reads, workers, *targets = sys.argv[1:]
for writes in targets:
    job = Job(source=source, out=writes, reads=reads, writes=writes, images="copy",
              workers=int(workers))
    save_report(convert(job), Path(f"{writes}.report"))
"""


def marked(name: str, label: str) -> Image:
    """An image with `BOX`."""
    return Image(file_name=name, instances=(Instance(label=label, box=BOX, area=384),), **SIZE)


_RING = (8.0, 12.0, 24.0, 12.0, 24.0, 36.0)
# 2 rows of 3 pixels from (1, 0): columns of 48, so 48 + 2 + 46 + 2 + 46 + 2 + the rest
_MASK = Mask(size_hw=(HEIGHT, WIDTH), counts="`12^12^12RZ2")
RICH: list[Image] = [
    Image(
        file_name="a.jpg",
        source="a.src",
        attributes={"flags": {"night": True}},
        extra={"coco": {"license": 2}},
        instances=(
            Instance(label="cat", box=BOX, area=384, where="1", attributes={"pose": "Left"}),
            Instance(label="cat", box=BOX, area=192, where="2", shape=Polygons((_RING,))),
            Instance(
                label="dog", box=(5, 12, 24, 36), area=202, where="3", difficult=True,
                shape=Polygons((_RING, (5.0, 20.0, 7.0, 20.0, 7.0, 30.0))),
                extra={"coco": {"score": 1}},
            ),
            Instance(label="dog", box=(1, 0, 4, 2), area=6, where="4", shape=_MASK),
        ),
        **SIZE,
    ),
    Image(file_name="empty.jpg", **SIZE),
    Image(
        file_name="b c/ü.jpg",
        source="b.src",
        instances=(
            Instance(label="cat", box=BOX, area=384, where="1", iscrowd=True),
            Instance(label="cat", box=(-5, -5, 20, 20), area=625, where="2"),
            Instance(label="cat", box=(7, 7, 7, 9), area=0, where="3"),
            Instance(label="cat", box=(70, 7, 80, 9), area=20, where="4"),
        ),
        **SIZE,
    ),
]  # fmt: skip


def check_findings(findings: Sequence[Finding], folder: Path | None = None) -> None:
    """Every finding has a code, a file and a message; the file is there, if a folder is given."""
    for finding in findings:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", finding.code), finding
        assert finding.severity in ("error", "warning", "note")
        assert finding.file, finding
        assert len(finding.message.split()) > 1, finding
        assert finding.message == finding.message.strip()
        assert finding.lost >= 0
        if folder:
            assert (folder / finding.file).exists(), finding


def times(folder: Path) -> dict[str, int]:
    """Path -> when it was last written, nanoseconds."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}
