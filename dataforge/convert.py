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
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from dataforge import geometry, split
from dataforge.errors import InputError, OutputError, ParseError, UsageError
from dataforge.fileio import Root, atomic_write, write_json
from dataforge.formats._table import get_format
from dataforge.infer import choose
from dataforge.labels import ClassMap, Unknown, load_aliases, load_names
from dataforge.layout import Layout
from dataforge.records import Finding, Image, Instance, Mask, Polygons

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
        layout: of a VOC-like source, see `dataforge.infer.choose`; its classes, aliases and
            names to skip hold where the fields below do not say otherwise.
        labels: file with a class name a line, or ``a,b,c``; fixes order and membership.
        aliases: TOML file, class = [spellings].
        unknown: what to do with a label that is none of the classes.
        ignore_case: compare labels case-folded.
        skip: labels that mean no object.
        split: ``train=0.8,val=0.2``, or empty for the source's own splits.
        seed: of the split.
        images: leave images where they are (`reference`), or put them into ``OUT/images``.
        category_start: id of the first category.
        clip: cut boxes, outlines and areas to the image.
        drop_empty: leave out images in which nothing is marked.
        force: overwrite files that are there.
    """

    source: str
    out: str
    reads: str
    writes: str
    read_options: dict[str, Any] = {}
    layout: str | None = None
    labels: str | None = None
    aliases: str | None = None
    unknown: Unknown = "error"
    ignore_case: bool = False
    skip: tuple[str, ...] = ()
    split: str | None = None
    seed: int = 0
    images: Literal["reference", "copy", "hardlink", "symlink"] = "reference"
    category_start: int = 1
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
    options = _read_options(reader, job, layout)
    classes = _class_map(job, layout)
    image_root = Root(getattr(options, "image_root", None) or job.source)
    if job.images == "reference" and getattr(options, "extract_images", False):
        raise UsageError("--extract-images writes images: it needs --images copy")
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        for image in _records(
            reader.read(root, options, classes.canonical), report, root, progress
        ):
            image = classes.apply(image)
            if job.clip:
                image = _clipped(image, report)
            if image.instances or not job.drop_empty:
                spool.add(image)
        report.add(classes.findings())
        if not spool.splits:
            raise InputError(_nothing(job, report))
        report.classes = classes.names()
        if not report.classes:
            raise InputError(_nothing(job, report))
        if ratios:
            spool.splits = split.assign(spool.splits, ratios, job.seed)
        names = list(ratios or dict.fromkeys(spool.splits.values()))
        views = {name: spool.view(name) for name in names}
        out = Path(job.out)
        _refuse_overwriting(writer.targets(out, names), job.force)
        if job.images != "reference":
            embedded = getattr(options, "extract_images", False)
            extract = partial(reader.embedded_image, root) if embedded else None
            _place_images(spool, image_root, extract, out, job, report)
        writer.write(out, views, report.classes, job.category_start)
        _count(views, report)
        base = folder_of(job.out)
        report.files = [path.relative_to(base).as_posix() for path in writer.targets(out, names)]
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


def _read_options(reader: Any, job: Job, layout: Layout | None) -> Any:
    known = reader.Options.__struct_fields__
    for name in job.read_options:
        if name not in known:
            raise UsageError(f"--{name.replace('_', '-')} means nothing for {job.reads}")
    try:
        options = msgspec.convert(job.read_options, reader.Options)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
    return msgspec.structs.replace(options, layout=layout) if layout else options


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
    records: Iterable[Image | Finding], report: Report, root: Root, progress: Progress | None
) -> Iterator[Image]:
    """The images alone; findings go to the report, and what stands in no order a trainer likes."""
    sources = {name: i for i, name in enumerate(root.files())}
    first: dict[str, str] = {}
    for record in records:
        if isinstance(record, Finding):
            report.add([record])
            continue
        if not _is_utf8(record.file_name + record.source):
            report.add([_unwritable(record)])
            continue
        owner = first.setdefault(_key(record), record.source)
        if owner != record.source:
            report.add([_collision(record, owner)])
            continue
        report.add(_geometry_findings(record))
        if progress:
            progress(sources.get(record.source, 0) + 1, len(sources))
        yield record


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


def _refuse_overwriting(targets: Iterable[Path], force: bool) -> None:
    for path in targets:
        if path.exists() and not force:
            raise OutputError(f"{path} is there already; --force overwrites it")


def _place_images(
    spool: Spool,
    images: Root,
    extract: Callable[[str], bytes] | None,
    out: Path,
    job: Job,
    report: Report,
) -> None:
    if folder_of(job.out) != out:
        raise UsageError(f"--images {job.images} needs a folder to write to, not {out}")
    if job.images != "copy" and images.remote:
        raise UsageError(f"--images {job.images} needs local images; use copy")
    sources = {image.file_name: image.source for image in spool}
    targets = {name: out / "images" / name for name in sources}
    targets = {
        name: target for name, target in targets.items() if not _in_place(images, name, target)
    }
    _refuse_overwriting(targets.values(), job.force)
    for name, target in targets.items():
        try:
            if images.exists(name):
                _place(images, name, target, job.images)
            elif extract is None:
                raise ParseError(name, "", "it does not exist")
            else:
                data = extract(sources[name])
                with atomic_write(target) as stream:
                    stream.write(data)
        except OSError as error:
            raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
        except ParseError as error:
            report.add(
                [
                    Finding(
                        code="image-not-placed",
                        severity="error",
                        file=name,
                        message=f"is not in the output: {error.message}",
                        remedy="restore the image and convert again",
                    )
                ]
            )


def _in_place(images: Root, name: str, target: Path) -> bool:
    """Whether the target is the image itself, where OUT/images is the folder that was read."""
    if images.remote or target.is_symlink() or not target.exists():
        return False
    return os.path.realpath(images.path / name) == os.path.realpath(target)


def _place(images: Root, name: str, target: Path, how: str) -> None:
    if how == "copy":
        with images.open(name) as source, atomic_write(target) as stream:
            shutil.copyfileobj(source, stream)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}")
    try:
        link = os.link if how == "hardlink" else os.symlink
        link(os.path.realpath(images.path / name), temporary)
        os.replace(temporary, target)
    finally:
        with suppress(FileNotFoundError):  # replacing a link by its like leaves it there
            temporary.unlink()


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
