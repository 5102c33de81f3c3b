"""Work on COCO files themselves: merge several, filter one, take a part of one.

Unknown keys are kept, ids are given anew from 1, and file names stay as they are.
"""

from __future__ import annotations

import hashlib
import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dataforge.convert import SINGLE_SPLIT, Report, Spool
from dataforge.errors import InputError, UsageError, plural
from dataforge.formats import Records, Step, coco, finished
from dataforge.formats.coco import extra_of, keys_of
from dataforge.io import Root, staged, stem
from dataforge.layouts import Ids, split_ids
from dataforge.records import Finding, Header, Image, Instance

T = TypeVar("T")


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a COCO file.

    Attributes:
        classes: names to keep, in the file's order; None keeps all.
        min_area, max_area: of an annotation as the file states it, px², both included.
        drop_crowd: leave out annotations of crowds.
        drop_empty: leave out images in which nothing is marked then.
    """

    classes: tuple[str, ...] | None = None
    min_area: float = 0.0
    max_area: float = math.inf
    drop_crowd: bool = False
    drop_empty: bool = False

    def reason(self, instance: Instance) -> str | None:
        """Why an instance is left out, None where it is kept."""
        if self.classes is not None and instance.label not in self.classes:
            return "other-class"
        if not self.min_area <= instance.area <= self.max_area:
            return "other-area"
        return "crowds-left-out" if self.drop_crowd and instance.iscrowd else None


def merge(sources: Sequence[str], out: str, *, force: bool = False) -> Report:
    """Write one COCO file of several: categories united by name, in the order first seen.

    An image that several files have with the same annotations is written once; where its
    annotations differ, those of the first file are kept, and a finding says so.

    Raises:
        UsageError: `out` is no ``.json`` file, or there are no sources.
        InputError: a source is not there, or there is no image in any.
        OutputError: `out` is there already and `force` is not set, or it cannot be written.
    """
    if not sources:
        raise UsageError("no COCO file to merge")
    report = Report(source=", ".join(sources), out=out)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        headers: dict[str, Header] = {}
        licenses = _Licenses()
        first: dict[str, tuple[str, bytes]] = {}
        for source in sources:
            numbers: dict[Any, int] = {}
            again = 0
            repeated = 0
            for record in _read(source, report):
                if isinstance(record, Header):
                    numbers = licenses.add(record)
                    headers[source] = record
                    continue
                image = _with_license(record, numbers)
                content = _content(image)
                owner, known = first.setdefault(image.file_name, (source, content))
                if image.file_name not in spool.splits:
                    spool.add(image)
                elif known == content:
                    again += 1
                    repeated += len(image.instances)
                else:
                    report.add([_collision(image, source, owner)])
            if again:
                message = (
                    f"{plural(again, 'image')} of the files before, with the same "
                    f"{plural(repeated, 'annotation')}: written once"
                )
                report.add([_note("same-image", source, message, repeated)])
        header = _drain(coco.unite(licenses.united(headers)), report)
        return _write(spool, header, report, out, force)


def filter_file(source: str, out: str, wanted: Filter, *, force: bool = False) -> Report:
    """Write the part of a COCO file that a filter keeps.

    Raises:
        UsageError: `out` is no ``.json`` file, or a class is none of the file's.
        InputError: the source is not there, or nothing is kept.
        OutputError: `out` is there already and `force` is not set, or it cannot be written.
    """
    report = Report(source=source, out=out)
    left_out: Counter[str] = Counter()
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        header = Header()
        for record in _read(source, report):
            if isinstance(record, Header):
                header = _of_classes(record, wanted.classes, source)
                continue
            reasons = [wanted.reason(instance) for instance in record.instances]
            left_out.update(reason for reason in reasons if reason)
            kept = tuple(
                instance
                for instance, reason in zip(record.instances, reasons, strict=True)
                if not reason
            )
            if kept or not wanted.drop_empty:
                spool.add(msgspec.structs.replace(record, instances=kept))
            else:
                left_out["empty-image"] += 1
        for code, number in sorted(left_out.items()):
            lost = 0 if code == "empty-image" else number
            what = "images with nothing marked" if code == "empty-image" else "annotations"
            report.add([_note(code, source, f"{what} left out as asked: {number}", lost)])
        return _write(spool, header, report, out, force)


def subset(
    source: str,
    out: str,
    *,
    images: int | None = None,
    seed: int = 0,
    listed: Path | None = None,
    force: bool = False,
) -> Report:
    """Write some images of a COCO file, in its order, with all that is marked in them.

    Args:
        source: the file.
        out: the new one.
        images: so many, drawn by a keyed hash of their names: with the same seed, a larger number
            holds all of a smaller one.
        seed: of the draw.
        listed: a file that names the images to take, a line each: with or without extension, as a
            path or by the last part.
        force: overwrite `out`.

    Raises:
        UsageError: `out` is no ``.json`` file; neither or both of `images` and `listed`; more
            images than there are.
        InputError: a file is not there, or no image is taken.
        OutputError: `out` is there already and `force` is not set, or it cannot be written.
    """
    if (images is None) == (listed is None):
        raise UsageError("want either a number of images or a list of them")
    report = Report(source=source, out=out)
    with tempfile.TemporaryFile() as file:
        spool = Spool(file)
        header = Header()
        for record in _read(source, report):
            if isinstance(record, Header):
                header = record
            else:
                spool.add(record)
        names = list(spool.splits)
        if listed is not None:
            taken = _listed(names, listed, report)
        else:
            taken = _drawn(names, images or 0, seed, source)
        shapes = 0
        for image in spool:
            if image.file_name not in taken:
                shapes += len(image.instances)
        for name in names:
            if name not in taken:
                spool.splits[name] = ""
        left_out = plural(len(names) - len(taken), "image")
        message = f"{left_out} with {plural(shapes, 'annotation')} left out as asked"
        report.add([_note("other-image", source, message, shapes)])
        return _write(spool, header, report, out, force)


def _drawn(names: Sequence[str], number: int, seed: int, source: str) -> set[str]:
    if not 0 < number <= len(names):
        raise UsageError(
            f"{source} has {plural(len(names), 'image')}: want 1 or more, up to that, got {number}"
        )
    key = str(seed).encode()
    ranked = sorted(
        names, key=lambda name: (hashlib.blake2b(name.encode(), key=key).digest(), name)
    )
    return set(ranked[:number])


def _listed(names: Sequence[str], path: Path, report: Report) -> set[str]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text: {error}") from error
    known = {stem(name): name for name in names} | {name: name for name in names}
    found = split_ids(text, Ids(known))
    for line in found:
        if line not in known:
            finding = Finding(
                code="listed-image-missing",
                severity="error",
                file=str(path),
                message=f"no image is called {line!r}",
                remedy="mend the line",
            )
            report.add([finding])
    return {known[line] for line in found if line in known}


def _read(source: str, report: Report) -> Iterator[Header | Image]:
    """The header and images of one file; findings go to the report."""
    if not source.lower().endswith(".json"):
        raise UsageError(f"{source}: want a COCO file that ends in .json")
    options = coco.Options(find_images=False)
    records: Records = coco.read(Root(source), options, str)
    for record in records:
        if isinstance(record, Finding):
            report.add([msgspec.structs.replace(record, file=source)])
        elif isinstance(record, Image):
            yield msgspec.structs.replace(record, source=source, split=None)
        else:
            yield record


def _drain(step: Step[T], report: Report) -> T:
    """What a step returns; its findings go to the report."""
    findings, result = finished(step)
    report.add(findings)
    return result


def _write(spool: Spool, header: Header, report: Report, out: str, force: bool) -> Report:
    path = Path(out)
    if path.suffix.lower() != ".json":
        raise UsageError(f"{out}: want a file that ends in .json")
    view = spool.view(SINGLE_SPLIT)
    report.classes = [category.name for category in header.categories]
    counts: Counter[str] = Counter()
    number = 0
    for image in view:
        number += 1
        report.empty_images += not image.instances
        counts.update(instance.label for instance in image.instances)
    if not number:
        reasons = "".join(f"\n  {finding}" for finding in report.findings[:5])
        raise InputError(f"{report.source}: no image is left to write{reasons}")
    report.shapes = counts.total()
    report.images = {SINGLE_SPLIT: number}
    report.instances = {SINGLE_SPLIT: {name: counts[name] for name in report.classes}}
    with staged(path, [path], force=force) as stage:
        report.add(coco.write(stage, {SINGLE_SPLIT: view}, header, coco.WriteOptions()))
    report.files = [path.name]
    return report


def _of_classes(header: Header, classes: Sequence[str] | None, source: str) -> Header:
    if classes is None:
        return header
    names = [category.name for category in header.categories]
    for name in classes:
        if name not in names:
            raise UsageError(f"no class {name!r} in {source}; there are {', '.join(names)}")
    kept = tuple(category for category in header.categories if category.name in classes)
    return msgspec.structs.replace(header, categories=kept)


class _Licenses:
    """The licenses of all files in one list, and the number that each has there."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, Any] = {}
        self.entries: list[Any] = []

    def add(self, header: Header) -> dict[Any, int]:
        """Take in a file's licenses; returns its numbers -> those in the united list."""
        numbers: dict[Any, int] = {}
        listed = keys_of(header.extra).get("licenses")
        for entry in listed if isinstance(listed, list) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("id"), int):
                continue
            rest = {key: value for key, value in entry.items() if key != "id"}
            content = msgspec.json.encode(rest, order="sorted")
            if content not in self.numbers:
                taken = set(self.numbers.values())
                number = entry["id"] if entry["id"] not in taken else max(taken) + 1
                self.numbers[content] = number
                self.entries.append(entry | {"id": number})
            numbers[entry["id"]] = self.numbers[content]
        return numbers

    def united(self, headers: Mapping[str, Header]) -> dict[str, Header]:
        """The same headers with the one list, where any file has one."""
        if not self.entries:
            return dict(headers)
        return {
            source: msgspec.structs.replace(
                header, extra=extra_of(keys_of(header.extra) | {"licenses": self.entries})
            )
            for source, header in headers.items()
        }


def _with_license(image: Image, numbers: Mapping[Any, int]) -> Image:
    own = keys_of(image.extra).get("license")
    if not isinstance(own, int) or numbers.get(own, own) == own:
        return image
    extra = extra_of(keys_of(image.extra) | {"license": numbers[own]})
    return msgspec.structs.replace(image, extra=extra)


def _content(image: Image) -> bytes:
    """A digest of an image and what is marked in it, wherever that stood."""
    instances = tuple(msgspec.structs.replace(one, where="") for one in image.instances)
    bare = msgspec.structs.replace(image, source="", where="", instances=instances)
    return hashlib.blake2b(msgspec.json.encode(bare, order="sorted")).digest()


def _collision(image: Image, source: str, owner: str) -> Finding:
    lost = len(image.instances)
    return Finding(
        code="image-collision",
        severity="error",
        file=source,
        where=image.where,
        message=f"{owner} has an image {image.file_name} already, and what is marked in it "
        f"differs: {plural(lost, 'annotation')} not written",
        remedy="rename one of them if they are two images; else keep one set of annotations",
        lost=lost,
    )


def _note(code: str, file: str, message: str, lost: int) -> Finding:
    return Finding(code=code, severity="note", file=file, message=message, lost=lost)
