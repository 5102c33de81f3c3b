"""From one format to another: read, name the classes, split, write.

    for each annotation file ─► Image ─► class names ─► spool ─► splits ─► writer
                       └──────► Finding ─► report

Nothing that was marked is lost without a line: at the end, shapes read = shapes written + shapes
that a finding says are lost.
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from dataforge import geometry
from dataforge.checks import Data, Running, dropped_by_trainers, measurable
from dataforge.classes import ClassMap, ClassOptions
from dataforge.datasets import (
    How,
    Placing,
    Progress,
    Source,
    image_key,
    in_two_splits,
    in_utf8,
    options_of,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, OutputError, plural
from dataforge.formats import get_format
from dataforge.io import is_image, staged, write_json
from dataforge.records import Category, Finding, Header, Image, Instance, Mask, Polygons
from dataforge.splits import Rule, load_rule, not_listed, split_names, want_split_names

SINGLE_SPLIT = "all"
"""Name of the split where there is but one."""


class Job(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to convert, and how; with what `dataforge.classes.ClassOptions` says of the classes.

    Attributes:
        source: folder to read, local or an fsspec URL.
        out: folder to write, or a file where the format allows one.
        reads, writes: format names.
        read_options: fields of the reader's `Options`.
        write_options: fields of the writer's `WriteOptions`.
        layout: of a VOC-like source, see `dataforge.datasets.choose`; what it says of the classes
            holds where nothing else is said.
        split: ``train=0.8,val=0.2``, a manifest of `dataforge.split`, or None for the source's own
            splits.
        seed, stratify, group_by: of the split, see `dataforge.splits.Rule`.
        images: leave images where they are (`reference`), or put them where the output format
            has them (`copy`, `hardlink`, `symlink`); None is the format's own habit.
        clip: cut boxes, outlines and areas to the image.
        drop_empty: leave out images in which nothing is marked.
        force: overwrite files that are there.
        workers: processes that read, 0 for one on each core; the output is the same.
    """

    source: str
    out: str
    reads: str
    writes: str
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    write_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    split: str | None = None
    seed: int = 0
    stratify: bool = False
    group_by: str | None = None
    images: How | None = None
    clip: bool = False
    drop_empty: bool = False
    force: bool = False
    workers: int = 1


class Report(msgspec.Struct, kw_only=True):
    """What a conversion did; written by ``--report`` as JSON.

    Attributes:
        source, out: as given.
        files: what was written, relative to `out`'s folder.
        classes: names in the order of their ids.
        images: split -> number of images.
        instances: split -> class -> number of instances.
        empty_images: number of images written with nothing marked in them.
        shapes: number of shapes written.
        lost: code -> number of shapes that were left out because of it.
        findings: all of them, in the order they were met.
    """

    source: str
    out: str
    files: list[str] = []
    classes: list[str] = []
    images: dict[str, int] = {}
    instances: dict[str, dict[str, int]] = {}
    empty_images: int = 0
    shapes: int = 0
    lost: dict[str, int] = {}
    findings: list[Finding] = []

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in findings and count what they lose."""
        for finding in findings:
            self.findings.append(in_utf8(finding))
            if finding.lost:
                self.lost[finding.code] = self.lost.get(finding.code, 0) + finding.lost

    def add_unwritten(self, findings: Iterable[Finding]) -> None:
        """Take in what a writer could not carry, after all has been counted."""
        before = sum(self.lost.values())
        self.add(findings)
        self.shapes -= sum(self.lost.values()) - before


def convert(job: Job, progress: Progress | None = None) -> Report:
    """Run one conversion.

    Args:
        job: what and how.
        progress: called now and then with the number of files read and of all files.

    Returns:
        The report; `Report.failed` tells whether something was lost.

    Raises:
        UsageError: an option does not fit the format, or is not understood.
        InputError: there is no such folder, or nothing in it can be converted.
        OutputError: a target exists and `job.force` is not set, or it cannot be written.
    """
    writer = get_format(job.writes)
    rule = load_rule(job.split, job.seed, job.stratify, job.group_by)
    source = Source(job.source, job.reads, job.read_options, job.layout)
    write_options = options_of(writer.WriteOptions, job.write_options, job.writes, "written")
    placing = Placing(job.images, job.out, writer, source)
    if "image_folder" in write_options.__struct_fields__:
        folder = job.write_options.get("image_folder", placing.left_at(job.out))
        write_options = msgspec.structs.replace(write_options, image_folder=folder)
    each = get_engine(job.workers).map
    rules = job.rules().over(source.rules)
    classes = rules.class_map()
    # What the reader compares, here or in other processes, must not name the classes.
    compared = rules.class_map().canonical
    data = Data(source.root, job.reads, classes, source.layout)
    checks = dropped_by_trainers(data)
    report = Report(source=job.source, out=job.out)
    report.add(source.findings)
    with _spooled() as spool:
        for record in source.records(compared, rule is None, progress, each):
            if isinstance(record, Finding):
                report.add([record])
            elif isinstance(record, Header):
                spool.header = record
                classes.declare(category.name for category in record.categories)
            else:
                image = _edited(record, classes, checks, job, report)
                if image.instances or not job.drop_empty:
                    spool.add(image)
        report.add(classes.findings())
        report.classes = classes.names()
        names = _split(spool, rule, job, report)
        unlabelled = getattr(source.reader, "UNLABELLED", False)
        if not names or not (report.classes or unlabelled):
            raise InputError(_nothing(job, report))
        want_split_names(names)
        _one_of_each_key(spool, writer, report)
        report.add(_hidden(spool, writer))
        views = {name: spool.view(name) for name in names}
        _count(views, report)
        out = Path(job.out)
        with staged(out, writer.targets(out, names), force=job.force) as stage:
            report.add(placing.place(views, stage, out))
            report.add_unwritten(
                writer.write(stage, views, spool.header_for(report.classes), write_options)
            )
            report.add(placing.left_over(views, stage, out))
            report.files = _files(stage)
    return report


def save_report(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    write_json(path, report)


@contextmanager
def _spooled() -> Iterator[Spool]:
    try:
        with tempfile.TemporaryFile() as file:
            yield Spool(file)
    except OSError as error:
        raise OutputError(
            f"{tempfile.gettempdir()}: cannot hold what is read until it is written: "
            f"{error.strerror or error}; TMPDIR names another folder"
        ) from error


class Spool:
    """Images on disk between reading and writing, so that memory does not grow with them."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Image).decode
        self.splits: dict[str, str] = {}
        self.header = Header()

    def header_for(self, classes: Sequence[str]) -> Header:
        """The source's header with the final classes."""
        known = {category.name: category for category in self.header.categories}
        categories = tuple(known.get(name) or Category(name=name) for name in classes)
        return msgspec.structs.replace(self.header, categories=categories)

    def add(self, image: Image) -> None:
        """Append an image; its place in `splits` says where it goes, empty for nowhere."""
        data = self._encode(image)
        self._file.write(len(data).to_bytes(8, "little") + data)
        self.splits[image_key(image)] = image.split or SINGLE_SPLIT

    def __iter__(self) -> Iterator[Image]:
        self._file.seek(0)
        while head := self._file.read(8):
            yield self._decode(self._file.read(int.from_bytes(head, "little")))

    def view(self, name: str) -> SplitView:
        """The images of one split."""
        return SplitView(self, name)


class SplitView:
    """One split of a spool; may be gone through any number of times, one at a time."""

    def __init__(self, spool: Spool, name: str) -> None:
        self._spool = spool
        self._name = name

    def __iter__(self) -> Iterator[Image]:
        return (
            image for image in self._spool if self._spool.splits[image_key(image)] == self._name
        )


def _edited(image: Image, classes: ClassMap, checks: Running, job: Job, report: Report) -> Image:
    """The image with class names for labels, and cut to its frame if asked."""
    image, faults = measurable(image)
    report.add(faults)
    report.add(checks.image(image))
    image = classes.apply(image)
    return _clipped(image, report) if job.clip else image


def _split(spool: Spool, rule: Rule | None, job: Job, report: Report) -> list[str]:
    """Share the images out by a rule, if there is one; the names of the splits."""
    if rule is None or not spool.splits:
        images: dict[str, set[str]] = {name: set() for name in spool.splits.values()}
        for key, name in spool.splits.items():
            images[name].add(key.rpartition("\0")[2])
        report.add(in_two_splits(images))
        return list(dict.fromkeys(spool.splits.values()))
    if rule.stratify:
        sides = rule.sides({image.file_name: _labels(image) for image in spool})
    else:
        sides = rule.sides({name: {} for name in spool.splits})
    if missing := spool.splits.keys() - sides.keys():
        lost = sum(_shapes(image) for image in spool if image.file_name in missing)
        report.add([not_listed(missing, lost, job.split)])
    spool.splits = {name: sides.get(name, "") for name in spool.splits}
    return split_names(rule, sides)


def _labels(image: Image) -> Counter[str]:
    return Counter(instance.label for instance in image.instances)


def _shapes(image: Image) -> int:
    return sum(instance.parts for instance in image.instances)


def _one_of_each_key(spool: Spool, writer: Any, report: Report) -> None:
    """Leave out images whose names the output format cannot tell apart, each with a finding."""
    first: dict[tuple[str, str], str] = {}
    for image in spool:
        side = spool.splits[image_key(image)]
        if not side:
            continue
        owner = first.setdefault((side, writer.key(image.file_name)), image.file_name)
        if owner != image.file_name:
            lost = _shapes(image)
            finding = Finding(
                code="name-collision",
                severity="error",
                file=image.file_name,
                message=f"has the same name as {owner} but for its extension, which the output "
                f"cannot tell apart: {plural(lost, 'shape')} not converted",
                remedy="rename one of the two images",
                lost=lost,
            )
            report.add([finding])
            spool.splits[image_key(image)] = ""


def _hidden(spool: Spool, writer: Any) -> Iterator[Finding]:
    """What is said of images whose names, or folders, begin with a dot.

    Who lists folders passes over them: dataforge, and Ultralytics (`glob` does). mmdet,
    pycocotools and torchvision open what a list names.
    """
    names = sorted({key.rpartition("\0")[2] for key, side in spool.splits.items() if side})
    hidden = [name for name in names if re.search(r"(^|/)\.(?!\.?(/|$))", name)]
    if hidden:
        # Where an image has an annotation file of its own, this is hidden like it.
        one_file = writer.key(hidden[0]) == hidden[0]
        yield Finding(
            code="hidden-name",
            severity="note" if one_file else "warning",
            file=hidden[0],
            message=f"{plural(len(hidden), 'image')} with a name, or a folder, that begins with a "
            "dot, the first here: who lists folders, as dataforge and Ultralytics do, passes over "
            + ("the image" if one_file else "the image and what is marked in it"),
            remedy="rename what begins with a dot",
        )


def _clipped(image: Image, report: Report) -> Image:
    kept = []
    for instance in image.instances:
        clipped = _clip_instance(instance, image)
        if clipped is None:
            finding = Finding(
                code="clipped-away",
                severity="warning",
                file=image.source,
                where=instance.where,
                message=f"nothing of {instance.label!r} is inside the image: left out by --clip",
                lost=instance.parts,
            )
            report.add([finding])
        else:
            kept.append(clipped)
    return msgspec.structs.replace(image, instances=tuple(kept))


def _clip_instance(instance: Instance, image: Image) -> Instance | None:
    """The part of an instance inside the image; None where that is nothing."""
    box = geometry.clip_box(instance.box, image.width, image.height)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    if box == instance.box or isinstance(instance.shape, Mask):
        return instance
    if instance.shape is None:
        return msgspec.structs.replace(instance, box=box, area=geometry.box_area(box))
    rings = (geometry.clip_ring(ring, image.width, image.height) for ring in instance.shape.rings)
    shape = Polygons(tuple(ring for ring in rings if len(ring) >= 6))
    # What is cut off may have held the outline's extreme points: its box is found anew.
    box = geometry.ring_box(*shape.rings) if shape.rings else (0.0, 0.0, 0.0, 0.0)
    if box[0] >= box[2] or box[1] >= box[3]:
        return None
    frame = image.width, image.height
    area = sum(geometry.outline_area(ring, *frame)[0] for ring in shape.rings)
    return msgspec.structs.replace(instance, box=box, shape=shape, area=area)


def _nothing(job: Job, report: Report) -> str:
    findings = [finding for finding in report.findings if finding.severity != "warning"]
    findings.sort(key=lambda finding: finding.severity)
    reasons = "".join(f"\n  {finding}" for finding in findings[:5])
    more = f"\n  and {len(findings) - 5} more" if len(findings) > 5 else ""
    return f"{job.source}: nothing here can be converted from {job.reads}{reasons}{more}"


def _files(stage: Path) -> list[str]:
    """What was written, images apart, relative to the output's folder."""
    if stage.is_file():
        return [stage.name]
    files = (path for path in stage.rglob("*") if path.is_file() and not is_image(path.name))
    return sorted(path.relative_to(stage).as_posix() for path in files)


def _count(views: dict[str, SplitView], report: Report) -> None:
    for name, view in views.items():
        counts: Counter[str] = Counter()
        number = 0
        for image in view:
            number += 1
            report.empty_images += not image.instances
            counts.update(_labels(image))
            report.shapes += _shapes(image)
        report.images[name] = number
        report.instances[name] = {label: counts[label] for label in report.classes}
