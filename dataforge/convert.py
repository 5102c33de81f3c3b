"""From one format to another: read, name the classes, split, write.

    for each annotation file ─► Image ─► class names ─► spool ─► splits ─► writer
                       └──────► Finding ─► report

Nothing that was marked is lost without a line: at the end, shapes read = shapes written + shapes
that a finding says are lost.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge import geometry, split
from dataforge.errors import InputError, ParseError, UsageError
from dataforge.fileio import Root, is_image, staged, write_json
from dataforge.formats._base import Records
from dataforge.formats._table import get_format
from dataforge.infer import choose
from dataforge.labels import ClassMap, Unknown, load_aliases, load_names
from dataforge.layout import Layout
from dataforge.records import Category, Finding, Header, Image, Instance, Mask, Polygons

SINGLE_SPLIT = "all"
"""Name of the split where there is but one."""

Progress = Callable[[int, int], None]
"""Called with (annotation files done, of how many)."""


class Job(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to convert, and how.

    Attributes:
        source: folder to read, local or an fsspec URL.
        out: folder to write, or a file where the format allows one.
        reads, writes: format names.
        read_options: fields of the reader's `Options`.
        write_options: fields of the writer's `WriteOptions`.
        layout: of a VOC-like source, see `dataforge.infer.choose`; its classes, aliases and
            names to skip hold where the fields below do not say otherwise.
        labels: file with a class name a line, or ``a,b,c``; fixes order and membership.
        aliases: TOML file, class = [spellings].
        unknown: what to do with a label that is none of the classes.
        ignore_case: compare labels case-folded.
        skip: labels that mean no object.
        split: ``train=0.8,val=0.2``, or empty for the source's own splits.
        seed: of the split.
        images: leave images where they are (`reference`), or put them where the output format
            has them (`copy`, `hardlink`, `symlink`); None is the format's own habit.
        clip: cut boxes, outlines and areas to the image.
        drop_empty: leave out images in which nothing is marked.
        force: overwrite files that are there.
    """

    source: str
    out: str
    reads: str
    writes: str
    read_options: dict[str, Any] = {}
    write_options: dict[str, Any] = {}
    layout: str | None = None
    labels: str | None = None
    aliases: str | None = None
    unknown: Unknown = "error"
    ignore_case: bool = False
    skip: tuple[str, ...] = ()
    split: str | None = None
    seed: int = 0
    images: Literal["reference", "copy", "hardlink", "symlink"] | None = None
    clip: bool = False
    drop_empty: bool = False
    force: bool = False


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
            if not _is_utf8(finding.file + finding.message):  # JSON could not hold it
                escaped = (_escaped(finding.file), _escaped(finding.message))
                finding = msgspec.structs.replace(finding, file=escaped[0], message=escaped[1])
            self.findings.append(finding)
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
    reader, writer = get_format(job.reads), get_format(job.writes)
    ratios = split.parse_ratios(job.split) if job.split else None
    root = Root(job.source)
    report = Report(source=job.source, out=job.out)
    layout = _layout(reader, job, root, report)
    options = _options(reader.Options, job.read_options, job.reads, "read")
    if layout:
        options = msgspec.structs.replace(options, layout=layout)
    write_options = _options(writer.WriteOptions, job.write_options, job.writes, "written")
    placing = Placing(job, writer, options, root, reader)
    classes = _class_map(job, layout)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        records = reader.read(root, options, classes.canonical)
        for image in _records(records, spool, classes, report, root, progress):
            image = classes.apply(image)
            if job.clip:
                image = _clipped(image, report)
            if image.instances or not job.drop_empty:
                spool.add(image)
        report.add(classes.findings())
        report.classes = classes.names()
        if not spool.splits or not report.classes:
            raise InputError(_nothing(job, report))
        if ratios:
            spool.splits = split.assign(spool.splits, ratios, job.seed)
        names = list(ratios or dict.fromkeys(spool.splits.values()))
        _one_of_each_key(spool, writer, report)
        views = {name: spool.view(name) for name in names}
        _count(views, report)
        out = Path(job.out)
        with staged(out, writer.targets(out, names), force=job.force) as stage:
            report.add(placing.place(views, stage, out))
            report.add_unwritten(
                writer.write(stage, views, spool.header_for(report.classes), write_options)
            )
            report.files = _files(stage)
    return report


def folder_of(out: str) -> Path:
    """The folder that an output is in: itself, unless it names a single file."""
    path = Path(out)
    return path.parent if path.suffix.lower() == ".json" else path


def save_report(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    write_json(path, report)


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
        """Append an image."""
        data = self._encode(image)
        self._file.write(len(data).to_bytes(8, "little") + data)
        self.splits[_key(image)] = image.split or SINGLE_SPLIT

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
        return (image for image in self._spool if self._spool.splits[_key(image)] == self._name)


def _key(image: Image) -> str:
    # The same image may stand in two splits of its source.
    return f"{image.split}\0{image.file_name}" if image.split else image.file_name


def _layout(reader: Any, job: Job, root: Root, report: Report) -> Layout | None:
    """The layout of the source, for a format that has one; why goes to the report."""
    if "layout" not in reader.Options.__struct_fields__:
        if job.layout:
            raise UsageError(f"--layout means nothing for {job.reads}")
        return None
    inferred = choose(job.layout or "custom-voc", "", root)
    report.add(
        Finding(code="layout", severity="note", file=job.source, message=reason)
        for reason in inferred.reasons
    )
    return inferred.layout


def _options(type_: Any, given: dict[str, Any], format_: str, verb: str) -> Any:
    for name in given:
        if name not in type_.__struct_fields__:
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} means nothing where {format_} is {verb}")
    try:
        return msgspec.convert(given, type_)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error


def _class_map(job: Job, layout: Layout | None) -> ClassMap:
    layout = layout or Layout()
    names, reserved = load_names(job.labels)
    return ClassMap(
        names if names is not None else layout.classes,
        load_aliases(Path(job.aliases)) if job.aliases else layout.aliases,
        unknown=job.unknown,
        ignore_case=job.ignore_case or layout.ignore_case,
        skipped=(*reserved, *(job.skip or layout.skip)),
    )


def _records(
    records: Records,
    spool: Spool,
    classes: ClassMap,
    report: Report,
    root: Root,
    progress: Progress | None,
) -> Iterator[Image]:
    """The images alone; findings go to the report, a header to the spool and the class map."""
    sources = {name: i for i, name in enumerate(root.files())}
    first: dict[str, str] = {}
    for record in records:
        if isinstance(record, Finding):
            report.add([record])
            continue
        if isinstance(record, Header):
            spool.header = record
            classes.declare(category.name for category in record.categories)
            continue
        if not _is_utf8(record.file_name + record.source):
            report.add([_unwritable(record)])
            continue
        owner = first.setdefault(_key(record), f"{record.source}\0{record.where}")
        if owner != f"{record.source}\0{record.where}":
            report.add([_collision(record, owner.split("\0")[0])])
            continue
        report.add(_geometry_findings(record))
        if progress:
            progress(sources.get(record.source, 0) + 1, len(sources))
        yield record


def _one_of_each_key(spool: Spool, writer: Any, report: Report) -> None:
    """Leave out images whose names the output format cannot tell apart, each with a finding."""
    first: dict[tuple[str, str], str] = {}
    for image in spool:
        side = spool.splits[_key(image)]
        owner = first.setdefault((side, writer.key(image.file_name)), image.file_name)
        if owner != image.file_name:
            lost = sum(instance.parts for instance in image.instances)
            finding = Finding(
                code="name-collision",
                severity="error",
                file=image.file_name,
                message=f"has the same name as {owner} but for its extension, which the output "
                f"cannot tell apart: {lost} shapes not converted",
                remedy="rename one of the two images",
                lost=lost,
            )
            report.add([finding])
            spool.splits[_key(image)] = ""


def _is_utf8(text: str) -> bool:
    """False for a file name whose bytes are in another encoding, as old archives leave them."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _unwritable(image: Image) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return Finding(
        code="name-not-utf8",
        severity="error",
        file=image.source,
        message=f"the name of this file or of its image {image.file_name} is not UTF-8: "
        f"{lost} shapes not converted",
        remedy="rename both files",
        lost=lost,
    )


def _collision(image: Image, owner: str) -> Finding:
    lost = sum(instance.parts for instance in image.instances)
    return Finding(
        code="image-marked-twice",
        severity="error",
        file=image.source,
        message=f"marks {image.file_name}, as {owner} does already: {lost} shapes not converted",
        remedy="keep one of the two files",
        lost=lost,
    )


def _geometry_findings(image: Image) -> Iterator[Finding]:
    for instance in image.instances:
        x0, y0, x1, y1 = instance.box
        if instance.area <= 0 or x1 - x0 <= 0 or y1 - y0 <= 0:
            code, message = "zero-area", "covers no area: kept, but trainers drop it"
        elif x1 <= 0 or y1 <= 0 or x0 >= image.width or y0 >= image.height:
            code, message = (
                "outside-image",
                "lies wholly outside the image: kept, but trainers drop it",
            )
        else:
            continue
        yield Finding(
            code=code,
            severity="warning",
            file=image.source,
            where=instance.where,
            message=f"{instance.label!r} {message}",
            remedy="redraw or drop it",
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


class Placing:
    """Puts images where the output format has them."""

    def __init__(self, job: Job, writer: Any, options: Any, root: Root, reader: Any) -> None:
        self.how = job.images or writer.IMAGES
        self.writer = writer
        self.images = Root(getattr(options, "image_root", None) or job.source)
        self.extract: Callable[[str], bytes] | None = None
        if getattr(options, "extract_images", False):
            if self.how == "reference":
                raise UsageError("--extract-images writes images: it needs --images copy")
            self.extract = partial(reader.embedded_image, root)
        if self.how != "reference" and folder_of(job.out) != Path(job.out):
            raise UsageError(f"--images {self.how} needs a folder to write to, not {job.out}")
        if self.how in ("hardlink", "symlink") and self.images.remote:
            raise UsageError(f"--images {self.how} needs local images; use copy")

    def place(
        self, views: Mapping[str, Iterable[Image]], stage: Path, out: Path
    ) -> Iterator[Finding]:
        """Put all images into the stage; yields a finding for each that is not there."""
        if self.how == "reference":
            return
        done: set[str] = set()
        for name, images in views.items():
            for image in images:
                target = self.writer.image_path(name, image.file_name)
                if target in done or _in_place(self.images, image.file_name, out / target):
                    continue
                done.add(target)
                try:
                    self.place_one(image, stage / target)
                except ParseError as error:
                    yield Finding(
                        code="image-not-placed",
                        severity="error",
                        file=image.file_name,
                        message=f"is not in the output: {error.message}",
                        remedy="restore the image and convert again",
                    )

    def place_one(self, image: Image, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self.images.exists(image.file_name):
            if self.extract is None:
                raise ParseError(image.file_name, "", "it does not exist")
            target.write_bytes(self.extract(image.source))
        elif self.how == "copy":
            with self.images.open(image.file_name) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        else:
            link = os.link if self.how == "hardlink" else os.symlink
            link(os.path.realpath(self.images.path / image.file_name), target)


def _in_place(images: Root, name: str, target: Path) -> bool:
    """Whether the target is the image itself, where OUT/images is the folder that was read."""
    if images.remote or target.is_symlink() or not target.exists():
        return False
    return os.path.realpath(images.path / name) == os.path.realpath(target)


def _count(views: dict[str, SplitView], report: Report) -> None:
    for name, view in views.items():
        counts: Counter[str] = Counter()
        number = 0
        for image in view:
            number += 1
            report.empty_images += not image.instances
            counts.update(instance.label for instance in image.instances)
            report.shapes += sum(instance.parts for instance in image.instances)
        report.images[name] = number
        report.instances[name] = {label: counts[label] for label in report.classes}
