"""What every format promises when it is read."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec
import pytest

from dataforge.classes import ClassRules
from dataforge.codes import code
from dataforge.errors import InputError
from dataforge.findings import Finding, Place
from dataforge.formats import Context, Item
from dataforge.io import is_image
from dataforge.layouts import Layout
from dataforge.testing.base import Subject, check_findings, python
from dataforge.testing.driver import Read
from dataforge.testing.files import (
    DAMAGE,
    HEIGHT,
    WIDTH,
    damaged,
    opens,
    snapshot,
    times,
    write,
)
from dataforge.testing.samples import BOX, NAMES
from dataforge.verbs.convert import Job, Report, convert
from dataforge.verbs.watch import endings_of


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

    @property
    def name(self) -> str:
        """What its test is called."""
        return self.code


class ReadingContract(Subject):
    """The tests.

    Attributes:
        broken: what can be wrong with the dataset.
    """

    broken: ClassVar[Sequence[Broken]] = ()

    def test_records_match_those_written_by_hand(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        read = self.read(tmp_path)
        assert read.headers == ([] if self.header is None else [self.header])
        assert read.images == list(self.records)
        assert read.codes == list(self.codes)

    def test_dataset_covers_all_kinds_of_images(self) -> None:
        """Otherwise the tests below would cover little."""
        assert len(self.records) > 1
        assert any(" " in image.file_name for image in self.records)
        assert not all(image.file_name.isascii() for image in self.records)
        if self.row.names_classes:
            assert any(len(image.instances) > 1 for image in self.records)
            assert any(not image.instances for image in self.records)

    def test_empty_dataset_yields_no_images(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        self.nothing(tmp_path / "dataset")
        for folder in ("folder", "dataset"):
            read = self.read_nothing(tmp_path / folder)
            assert read.images == []
            assert [finding for finding in read.findings if finding.severity == "error"] == []

    @pytest.mark.parametrize("name", NAMES)
    def test_image_with_any_name_is_read(self, tmp_path: Path, name: str) -> None:
        path = self.one(tmp_path, name, self.labels[0])
        read = self.read(tmp_path)
        assert (read.image.file_name, read.image.width, read.image.height) == (path, WIDTH, HEIGHT)
        self._check_the_one(read, self.labels[0])

    def test_object_with_any_label_is_read(self, tmp_path: Path, own_label: str) -> None:
        self.one(tmp_path, "a.jpg", own_label)
        self._check_the_one(self.read(tmp_path), own_label)

    def _check_the_one(self, read: Read, label: str) -> None:
        assert [finding for finding in read.findings if finding.severity != "note"] == []
        if self.row.names_classes:
            assert (read.instance.label, read.instance.box) == (label, BOX)
            assert read.instance.area == 16 * 24

    def test_hidden_files_are_ignored(self, tmp_path: Path) -> None:
        """As macOS and editors leave them: ``._a.json`` beside ``a.json``."""
        self.dataset(tmp_path)
        for name in snapshot(tmp_path):
            path = tmp_path / name
            write(path.with_name(f"._{path.name}"), b"\x00\x05\x16\x07")
            write(tmp_path / ".cache" / name, path.read_bytes())
        read = self.read(tmp_path)
        assert read.images == list(self.records)
        assert read.codes == list(self.codes)

    # Faults.

    def test_broken_file_is_named_and_the_rest_is_read(
        self, tmp_path: Path, broken: Broken
    ) -> None:
        self.dataset(tmp_path)
        layout = self.layout(tmp_path)
        write(tmp_path / broken.file, broken.content)
        read = self.read(tmp_path, layout)
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

    @pytest.mark.parametrize("damage", DAMAGE)
    @pytest.mark.parametrize("strict", [False, True])
    def test_damaged_files_do_not_stop_the_reading(
        self, tmp_path: Path, damage: str, strict: bool
    ) -> None:
        """Annotation files damaged at many places: every missing image is reported."""
        self.dataset(tmp_path)
        layout = self.layout(tmp_path)
        usual = set(self.read(tmp_path, layout, strict=strict).codes)
        for name, data in snapshot(tmp_path).items():
            for at, bad in damaged(data, damage) if not is_image(name) else ():
                write(tmp_path / name, bad)
                read = self._read_or_say(name, tmp_path, layout, strict=strict)
                check_findings(read.findings, tmp_path)
                names = [image.file_name for image in read.images]
                missing = {image.file_name for image in self.records} - set(names)
                assert not missing or set(read.codes) - usual, (name, at, missing)
            write(tmp_path / name, data)

    def _read_or_say(self, name: str, folder: Path, layout: Layout | None, **context: Any) -> Read:
        """What is read; an error in its place where the file is a list of images that is no text.

        What is in a split cannot be guessed, so that such a file ends the reading.
        """
        try:
            return self.read(folder, layout, **context)
        except InputError as error:
            message = str(error)
        assert name in message
        return Read([code("not-read-in-full").at(Place(name), message)])

    # One pass.

    @pytest.mark.parametrize("strict", [False, True])
    def test_each_annotation_file_is_opened_once(self, tmp_path: Path, strict: bool) -> None:
        self.dataset(tmp_path)
        layout = self.layout(tmp_path)
        for number, broken in enumerate([None, *self.broken]):
            if broken:
                write(tmp_path / broken.file, broken.content)
            source = self.source(tmp_path, layout)
            with opens(tmp_path) as opened:
                self.surveyed(source, 1, strict=strict, keep_text=strict)
            counts = {name: n for name, n in opened.items() if not is_image(name)}
            assert {name: n for name, n in counts.items() if n > 1} == {}
            if not number:
                sources = {image.source for image in self.records if not is_image(image.source)}
                assert counts.keys() >= sources

    def test_watching_looks_at_all_annotation_files(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        with opens(tmp_path) as opened:
            self.surveyed(self.source(tmp_path, self.layout(tmp_path)), 1)
        files = [name.lower() for name in opened if not is_image(name)]
        assert [name for name in files if not name.endswith(endings_of(self.format))] == []

    def test_opening_a_source_reads_no_files(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        source = self.source(tmp_path)
        with opens(tmp_path) as opened:
            source.open(Context(resolver=ClassRules().resolver()))
        assert opened == {}

    def test_reading_and_items_are_picklable(self, tmp_path: Path) -> None:
        """The reading is pickled before its items are known, and each item by itself."""
        self.dataset(tmp_path)
        reading = self.source(tmp_path).open(Context(resolver=ClassRules().resolver()))
        there = pickle.loads(pickle.dumps(reading))
        for item in [one for one in reading.items() if isinstance(one, Item)]:
            sent = pickle.loads(pickle.dumps(item))
            assert list(there.read(sent)) == list(reading.read(item))

    def test_yielded_texts_match_the_files(self, tmp_path: Path) -> None:
        self.dataset(tmp_path)
        source = self.source(tmp_path)
        _, images, _, texts = self.surveyed(source, 1, strict=True, keep_text=True)
        assert texts == {name: (tmp_path / name).read_bytes() for name in texts}
        if self.row.editor:
            sources = {image.source for image in images if not is_image(image.source)}
            assert texts.keys() >= sources

    # The same everywhere.

    def test_sources_are_not_modified(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        before = snapshot(tmp_path / "in"), times(tmp_path / "in")
        for target in self.targets():
            self._converted(tmp_path / "in", tmp_path, target)
        assert (snapshot(tmp_path / "in"), times(tmp_path / "in")) == before

    def _converted(self, source: Path, folder: Path, target: str, workers: int = 1) -> Report:
        job = Job(
            source=str(source),
            out=str(folder / f"to {target}"),
            reads=self.format,
            writes=target,
            read_options=self.options(source),
            image_mode="copy",
            workers=workers,
        )
        report = convert(job)
        assert sum(report.images.values()) == len(self.records)
        check_findings(report.findings)
        return report

    def test_output_is_deterministic(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        for target in self.targets():
            for turn in ("1", "2"):
                self._converted(tmp_path / "in", tmp_path / turn, target)
        assert snapshot(tmp_path / "1") == snapshot(tmp_path / "2")

    def test_output_does_not_depend_on_workers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two workers read one item at a time, so that both are used."""
        self.dataset(tmp_path / "in")
        reading = self.source(tmp_path / "in").open(Context(resolver=ClassRules().resolver()))
        # Starting workers is slow; the other writers are tested with their own readers.
        target = self.format if self.row.writer else "coco"
        reports = []
        for workers in (1, 2):
            monkeypatch.setattr(type(reading), "shard", 1 if workers > 1 else reading.shard)
            report = self._converted(tmp_path / "in", tmp_path / str(workers), target, workers)
            reports.append(msgspec.structs.replace(report, out=""))
            monkeypatch.undo()
        assert reports[0] == reports[1]
        assert snapshot(tmp_path / "1") == snapshot(tmp_path / "2")

    @pytest.mark.parametrize("strict", [False, True])
    def test_findings_do_not_depend_on_workers(
        self, tmp_path: Path, strict: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Uses a dataset with every known fault, and several shard sizes."""
        self.dataset(tmp_path)
        layout = self.layout(tmp_path)
        for broken in self.broken:
            write(tmp_path / broken.file, broken.content)
        context = {"strict": strict, "keep_text": True}
        usual = self.surveyed(self.source(tmp_path, layout), 1, **context)
        assert any(isinstance(one, Finding) for one in usual[0])
        reading = self.source(tmp_path).open(Context(resolver=ClassRules().resolver()))
        for shard, workers in ((1, 2), (1, 1), (2, 1), (3, 1)):
            monkeypatch.setattr(type(reading), "shard", shard)
            assert self.surveyed(self.source(tmp_path, layout), workers, **context) == usual

    def test_output_is_identical_under_every_hash_seed(self, tmp_path: Path) -> None:
        self.dataset(tmp_path / "in")
        made = []
        for seed in ("0", "1"):
            (tmp_path / seed).mkdir()
            arguments = [str(tmp_path / "in"), self.format, *self.targets()]
            result = python("-c", CONVERT, *arguments, cwd=tmp_path / seed, PYTHONHASHSEED=seed)
            assert (result.returncode, result.stderr) == (0, "")
            made.append(snapshot(tmp_path / seed))
        assert len(made[0]) > 2 * len(self.targets())
        assert made[0] == made[1]


CONVERT = """
import sys
from pathlib import Path
from dataforge.verbs.convert import Job, convert, save_report
source, reads, *targets = sys.argv[1:]
for writes in targets:
    job = Job(source=source, out=writes, reads=reads, writes=writes, image_mode="copy")
    save_report(convert(job), Path(f"{writes}.report"))
"""
