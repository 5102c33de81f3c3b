"""Merges COCO files, filters one, or takes a subset of one.

Unknown keys are kept, new ids from 1 are assigned, and file names are not changed.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path

import msgspec

from dataforge.classes import ClassRules
from dataforge.codes import code
from dataforge.datasets import Pieces, Progress, Source, Survey, seldom_collected, survey
from dataforge.engines import get_engine
from dataforge.errors import InputError, UsageError, first_of, plural
from dataforge.findings import Finding, Place, as_reasons
from dataforge.formats import Context, Numbered, WritePlan, finished
from dataforge.formats.coco import unite
from dataforge.io import is_url, read_file, staged, stem
from dataforge.jobs import Report
from dataforge.layouts import Ids, split_ids
from dataforge.records import Header, Image, Instance
from dataforge.verbs.coco_merging import Images, Numbers, Tables, are_different, digest
from dataforge.verbs.convert import SINGLE_SPLIT, writer_of

_BATCH = 500  # images that are written together

_WHY = {
    "crowds-left-out": " that are crowds",
    "empty-image": " without annotations",
    "other-area": " outside the area limits",
    "other-class": " of other classes",
}
"""Code of what a filter drops -> the end of its message."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What to keep of a COCO file.

    Attributes:
        classes: names to keep, in the order of the file; None keeps all.
        min_area, max_area: limits of the stated `area` of an annotation, px², inclusive.
        drop_crowd: drop crowd annotations.
        drop_empty: drop images without annotations afterwards.
    """

    classes: tuple[str, ...] | None = None
    min_area: float = 0.0
    max_area: float = math.inf
    drop_crowd: bool = False
    drop_empty: bool = False

    def reason(self, instance: Instance) -> str | None:
        """The code of the finding on a dropped instance, None if it is kept."""
        if self.classes is not None and instance.label not in self.classes:
            return "other-class"
        if not self.min_area <= instance.area <= self.max_area:
            return "other-area"
        return "crowds-left-out" if self.drop_crowd and instance.iscrowd else None


def merge(
    sources: Sequence[str],
    out: str,
    *,
    prefix: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Merge COCO files into one; categories are merged by name, in the order first seen.

    An image that several files have with the same annotations is written once; if its annotations
    differ, those of the first file are kept, and a finding says so. Licenses, videos and other
    lists with ids are merged too, and what refers to them.

    Args:
        sources: the files.
        out: the new file.
        prefix: put the folder of each file's images before their names, relative to the folder
            that contains all of them.
        force: overwrite `out`.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: `out` does not end in ``.json``, there are no sources, or a list with ids cannot
            be merged.
        InputError: a source does not exist, there are no images, or two different images have the
            same name.
        OutputError: `out` already exists and `force` is not set, or it cannot be written.
    """
    if not sources:
        raise UsageError("no COCO files to merge")
    report = Report(source=", ".join(sources), out=out)
    with ExitStack() as stack:
        files = [stack.enter_context(_read(source, report, progress)) for source in sources]
        if prefix:
            report.add([_prefix(files, out)])
        tables = Tables()
        numbers = [tables.add(file.source, file.header) for file in files]
        headers = {file.source: file.header for file in files}
        findings, header = finished(unite(tables.united(headers)))
        images = _merged(files, numbers, report)
        written = _write(images, header, report, out, force, sources, progress)
        report.add(findings)
        return written


def _prefix(files: Sequence[_File], out: str) -> Finding:
    """Make the names of all images relative to the folder that contains them."""
    home = os.path.commonpath([os.path.abspath(file.located.folder) for file in files])
    for file in files:
        file.home = home
    return _note("image-folder", out, f"file names are relative to {os.path.relpath(home)}", 0)


def _merged(files: Sequence[_File], numbers: Sequence[Numbers], report: Report) -> Iterator[Image]:
    """Each image once, those of the first file first."""
    first: dict[str, tuple[_File, str, bytes]] = {}
    for file, own in zip(files, numbers, strict=True):
        again = repeated = 0
        for image in file.images():
            written, name = image.file_name, file.name_of(image.file_name)
            image = msgspec.structs.replace(own.renumbered(image), file_name=name)
            content = digest(image)
            if name not in first:
                first[name] = file, written, content
                yield image
                continue
            owner, its_name, its_content = first[name]
            if are_different(owner.located.path(its_name), file.located.path(written)):
                raise InputError(
                    f"{owner.source} and {file.source} both have an image {name}, but these are "
                    "different images: use --prefix to keep both"
                )
            if content == its_content:
                again += 1
                repeated += len(image.instances)
            else:
                report.add([_collision(image, file.source, owner.source)])
        if again:
            message = (
                f"{plural(again, 'image')} also in earlier files, with the same "
                f"{plural(repeated, 'annotation')}: written once"
            )
            report.add([_note("same-image", file.source, message, repeated)])


def filter_file(
    source: str, out: str, wanted: Filter, *, force: bool = False, progress: Progress | None = None
) -> Report:
    """Write the part of a COCO file that a filter keeps.

    Raises:
        UsageError: `out` does not end in ``.json``, or the file does not have a class.
        InputError: the source does not exist, or nothing is kept.
        OutputError: `out` already exists and `force` is not set, or it cannot be written.
    """
    report = Report(source=source, out=out)
    dropped: Counter[str] = Counter()

    def kept(images: Iterable[Image]) -> Iterator[Image]:
        for image in images:
            reasons = [wanted.reason(instance) for instance in image.instances]
            if any(reasons):
                dropped.update(reason for reason in reasons if reason)
                pairs = zip(image.instances, reasons, strict=True)
                rest = tuple(instance for instance, reason in pairs if not reason)
                image = msgspec.structs.replace(image, instances=rest)
            if image.instances or not wanted.drop_empty:
                yield image
            else:
                dropped["empty-image"] += 1

    with _read(source, report, progress) as file:
        classes = wanted.classes if file.survey.images else None  # `_write` says why there are none
        header = _of_classes(file.header, classes, source)
        written = _write(kept(file.images()), header, report, out, force, [source], progress)
    for name, number in sorted(dropped.items()):
        lost, noun = (0, "image") if name == "empty-image" else (number, "annotation")
        message = f"{plural(number, noun)}{_WHY[name]}: skipped as requested"
        report.add([_note(name, source, message, lost)])
    return written


def subset(
    source: str,
    out: str,
    *,
    images: int | None = None,
    seed: int = 0,
    listed: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Write some images of a COCO file, in its order, with all their annotations.

    Args:
        source: the file.
        out: the new file.
        images: how many to draw, by a keyed hash of their names; with the same seed, a larger
            subset contains every smaller one.
        seed: of the draw.
        listed: a file with the images to take, one per line: with or without extension, as a path
            or only its last part.
        force: overwrite `out`.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: `out` does not end in ``.json``; neither or both of `images` and `listed` are
            given; more images than there are.
        InputError: a file does not exist, or no image is taken.
        OutputError: `out` already exists and `force` is not set, or it cannot be written.
    """
    if (images is None) == (listed is None):
        raise UsageError("expected either --images or --list")
    report = Report(source=source, out=out)
    with _read(source, report, progress) as file:
        names = file.names
        if not names:
            taken = set[str]()  # `_write` says why
        elif listed is not None:
            taken = _listed(names, listed, report)
        else:
            taken = _drawn(names, images or 0, seed, source)
        kept = (image for image in file.images() if image.file_name in taken)
        read = [source, *([str(listed)] if listed else [])]
        written = _write(kept, file.header, report, out, force, read, progress)
        rest = (seen for seen in file.survey.images if seen.file_name not in taken)
        lost = sum(sum(seen.instances.values()) for seen in rest)
    if left := len(names) - len(taken):
        which = f"{plural(left, 'image')} with {plural(lost, 'annotation')}"
        report.add([_note("other-image", source, f"{which}: skipped as requested", lost)])
    return written


def _drawn(names: Sequence[str], number: int, seed: int, source: str) -> set[str]:
    if not 0 < number <= len(names):
        raise UsageError(
            f"{source} has {plural(len(names), 'image')}: expected a number from 1 to "
            f"{len(names)}, got {number}"
        )
    key = str(seed).encode()
    ranked = sorted(
        names, key=lambda name: (hashlib.blake2b(name.encode(), key=key).digest(), name)
    )
    return set(ranked[:number])


def _listed(names: Sequence[str], path: Path, report: Report) -> set[str]:
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: cannot be read as text: {error}") from error
    known = {stem(name): name for name in names} | {name: name for name in names}
    found = split_ids(text, Ids(known))
    for line in found:
        if line not in known:
            finding = code("listed-image-missing").at(
                Place(str(path)), f"no image is named {line!r}", "correct the line"
            )
            report.add([finding])
    return {known[line] for line in found if line in known}


class _File:
    """One COCO file that has been read."""

    def __init__(self, source: str, survey: Survey) -> None:
        self.source = source
        self.survey = survey
        self.header = survey.header
        self.home: str | None = None

    @cached_property
    def located(self) -> Images:
        """Where its images are."""
        return Images(self.source)

    def name_of(self, file_name: str) -> str:
        """The name of an image in the new file."""
        if self.home is None:
            return file_name
        return Path(os.path.relpath(self.located.path(file_name), self.home)).as_posix()

    @property
    def names(self) -> list[str]:
        """The file names of its images."""
        return [seen.file_name for seen in self.survey.images]

    def images(self) -> Iterator[Image]:
        """Its images; see `Survey.kept`."""
        for image in self.survey.kept():
            yield msgspec.structs.replace(image, split=None) if image.split else image


@contextmanager
def _read(source: str, report: Report, progress: Progress | None) -> Iterator[_File]:
    """One file; findings go to the report."""
    if not source.lower().endswith(".json"):
        raise UsageError(f"{source}: expected a .json file")
    if is_url(source):
        raise UsageError(f"{source}: name a file on this machine; copy it first")

    def take(finding: Finding) -> None:
        place = msgspec.structs.replace(finding.place, file=source)
        report.take(msgspec.structs.replace(finding, place=place))

    with survey(
        Source(source, "coco", {"find_images": False}),
        Context(resolver=ClassRules().resolver()),
        get_engine("local", 1),
        report=take,
        keep=True,
        progress=progress,
        outlines="json",  # as `_write` wants them
    ) as found:
        yield _File(source, found)


def _write(
    images: Iterable[Image],
    header: Header,
    report: Report,
    out: str,
    force: bool,
    read: Iterable[str],
    progress: Progress | None,
) -> Report:
    path = Path(out)
    if path.suffix.lower() != ".json":
        raise UsageError(f"{out}: expected a .json file")
    report.classes = [category.name for category in header.categories]
    counts: Counter[str] = Counter()
    number, first = 0, 1
    stream = iter(images)
    inputs = {os.path.realpath(source) for source in read}
    with (
        seldom_collected(),
        staged(path, [path], force=force, inputs=inputs) as stage,
        ExitStack() as stack,
    ):
        writer = writer_of("coco")
        plan = WritePlan(stage=stage, out=path.name, header=header, splits=(SINGLE_SPLIT,))
        writing = writer.open(plan, writer.Options())
        pieces = Pieces(stack)
        for batch in iter(lambda: list(islice(stream, _BATCH)), []):
            numbered = []
            for image in batch:
                number += 1
                numbered.append(Numbered(SINGLE_SPLIT, number, first, image))
                first += len(image.instances)
                report.empty_images += not image.instances
                counts.update([instance.label for instance in image.instances])
            report.add(pieces.take(writing.write(numbered)))
            if progress:
                progress(number, 0, "writing")
        if not number:
            reasons = as_reasons(report.findings)
            raise InputError(f"{report.source}: no images left to write{reasons}")
        report.add(writing.finish(pieces.streams(), pieces.losses))
    report.shapes = counts.total()
    report.images = {SINGLE_SPLIT: number}
    report.instances = {SINGLE_SPLIT: {name: counts[name] for name in report.classes}}
    report.files = [path.name]
    return report


def _of_classes(header: Header, classes: Sequence[str] | None, source: str) -> Header:
    if classes is None:
        return header
    names = [category.name for category in header.categories]
    for name in classes:
        if name not in names:
            raise UsageError(f"no class {name!r} in {source}; it has {first_of(names) or 'none'}")
    kept = tuple(category for category in header.categories if category.name in classes)
    return msgspec.structs.replace(header, categories=kept)


def _collision(image: Image, source: str, owner: str) -> Finding:
    lost = len(image.instances)
    return code("image-collision").at(
        Place(source, image.place.pointer),
        f"{owner} already has an image {image.file_name} with different annotations: "
        f"{plural(lost, 'annotation')} not written",
        "if they are two images, use --prefix; otherwise keep one set of annotations",
        lost=lost,
    )


def _note(name: str, file: str, message: str, lost: int) -> Finding:
    return code(name).at(Place(file), message, lost=lost)
