"""What is in a folder: formats by evidence, layout and why, classes, oddities, what to do next."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from dataforge.classes import ClassMap
from dataforge.datasets import choose, in_two_splits, known_as
from dataforge.errors import InputError, LayoutError, UsageError, plural
from dataforge.formats import Texts, formats, get_format
from dataforge.frameworks import identify
from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, same_bytes, stem
from dataforge.layouts import Layout
from dataforge.records import Finding, Header, Image

_SPLIT = "--split train=0.8,val=0.2"


class Part(msgspec.Struct, kw_only=True):
    """One format that was recognised.

    Attributes:
        format: its name.
        files: number of annotation files that speak for it.
        evidence: the sentence that says why it is believed.
        layout: where things are, for a format that has a layout.
        reasons: how the layout was found.
        coords: how boxes are counted, and why (voc).
        splits: split -> number of images.
        classes: class -> split -> number of instances.
        needs: why it cannot be read as it stands, and what it needs; empty if it can.
        commands: what to type next.
    """

    format: str
    files: int
    evidence: str
    layout: Layout | None = None
    reasons: list[str] = []
    coords: str = ""
    splits: dict[str, int] = {}
    classes: dict[str, dict[str, int]] = {}
    needs: str = ""
    commands: list[str] = []


class Inspection(msgspec.Struct, kw_only=True):
    """What is in a folder.

    Attributes:
        root: as given.
        files: number of files.
        folders: folder -> extension -> number of files.
        images: extension as written -> number of images.
        parts: a row for each format that was recognised, the largest first.
        findings: what is odd.
        needs: what is missing where nothing was recognised.
    """

    root: str
    files: int
    folders: dict[str, dict[str, int]]
    images: dict[str, int]
    parts: list[Part] = []
    findings: list[Finding] = []
    needs: list[str] = []

    @property
    def usable(self) -> bool:
        """Whether something here can be converted or registered as it stands."""
        return any(not part.needs for part in self.parts)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def layout(self) -> Layout | None:
        """The layout of the largest part that has one."""
        return next((part.layout for part in self.parts if part.layout), None)


def inspect(location: str, layout_file: str | None = None) -> Inspection:
    """Look through a folder; nothing is written.

    Args:
        location: local path or fsspec URL.
        layout_file: where the layout is going to be saved; the commands then name it.

    Raises:
        InputError: there is no such folder.
    """
    root = Root(location)
    images = [name for name in root.files() if is_image(name)]
    found = Inspection(
        root=location,
        files=len(root.files()),
        folders=_folders(root.files()),
        images=_counts(_extension(name) for name in images),
    )
    texts = Texts(root)
    found.parts = _recognised(texts)
    for part in found.parts:
        found.findings += _read(root, part, layout_file)
    found.findings += texts.findings if not found.usable else []
    found.findings += empty_files(root)
    found.needs = [] if found.parts else _what_it_needs(root, images, texts)
    return found


def _folders(names: Iterable[str]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for name in names:
        found[name.rpartition("/")[0] or "."][_extension(name).lower() or "(none)"] += 1
    return {folder: _counts(found[folder].elements()) for folder in sorted(found)}


def _counts(items: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(items).items(), key=lambda item: (-item[1], item[0])))


def _extension(name: str) -> str:
    return name[len(stem(name)) :]


# Recognising -----------------------------------------------------------------------------------


def _recognised(texts: Texts) -> list[Part]:
    """A row for each format that a folder holds, the largest first."""
    found = ((name, get_format(name).recognise(texts)) for name in _recognisable())
    parts = [
        Part(format=name, files=what.files, evidence=what.evidence)
        for name, what in found
        if what.files
    ]
    return sorted(parts, key=lambda part: -part.files)


def _recognisable() -> list[str]:
    """The formats that find their own files in a folder."""
    readable = (name for name, row in formats().items() if row.reads)
    return [name for name in readable if hasattr(get_format(name), "recognise")]


def formats_in(root: Root) -> list[str]:
    """The formats of a folder's annotation files, that of most of them first."""
    return [part.format for part in _recognised(Texts(root))]


def guess_format(root: Root) -> str:
    """The format of most of a folder's annotation files; `images` where nothing is marked.

    Raises:
        InputError: there are no images, either.
    """
    return guess_formats(root)[0]


def guess_formats(root: Root) -> tuple[str, list[Part]]:
    """What `guess_format` says, and the other formats that were recognised, with their files."""
    texts = Texts(root)
    if parts := _recognised(texts):
        return parts[0].format, parts[1:]
    if texts.findings:  # a reader says what is wrong with them
        return _meant(root, texts.findings[0].file), []
    if not any(map(is_image, root.files())):
        raise InputError(f"{root.location}: no annotations and no images are in it")
    return "images", []


def _meant(root: Root, unreadable: str) -> str:
    """The format of an annotation file of which nothing but the name can be read."""
    if unreadable.lower().endswith(".xml"):
        return "voc"
    own = any(stem(name) == stem(unreadable) for name in root.files() if is_image(name))
    return "labelme" if own else "coco"


def _what_it_needs(root: Root, images: list[str], texts: Texts) -> list[str]:
    """Why nothing was recognised, and what would be; a sentence each."""
    location = shlex.quote(root.location)
    needs = []
    if not root.files():
        return ["the folder is empty: name the one that holds the dataset"]
    for what, number in _counts(texts.other.values()).items():
        needs.append(f"{plural(number, 'file')}: {what}")
    if images and not texts.other and not texts.findings:
        needs.append(
            f"{plural(len(images), 'image')} and no annotations: mark them, in labelme for one"
        )
        if "images" in formats():
            needs.append(
                "to list them as COCO with nothing marked: "
                f"dataforge convert images2coco {location} images.json"
            )
    if not images:
        needs.append(f"no image is here ({', '.join(IMAGE_EXTENSIONS)})")
    known = "; ".join(f"{name}: {formats()[name].about}" for name in _recognisable())
    needs.append(f"what can be recognised is {known}")
    return needs


# Reading ---------------------------------------------------------------------------------------


def _read(root: Root, part: Part, layout_file: str | None) -> Iterator[Finding]:
    """Fill in what the format's reader says; yields its findings and the oddities."""
    name = known_as(root) or _name(root.location)
    part.splits, part.classes = {}, {}
    try:
        records = _records(root, part, name)
        survey = _Survey(part, _class_map(part.layout))
        for record in records:
            if isinstance(record, Finding):
                yield record
            else:
                survey.add(record)
    except (LayoutError, InputError, UsageError) as error:
        part.needs = str(error)
        return
    if not survey.images:
        part.needs = f"{root.location}: no image with annotations can be read as {part.format}"
        return
    declared = [*(part.layout.classes or () if part.layout else ()), *sorted(part.classes)]
    part.classes = {label: part.classes.get(label, {}) for label in dict.fromkeys(declared)}
    part.commands = _commands(root, part, name, layout_file)
    yield from survey.classes.look_alikes()
    yield from _in_two_splits(root, survey)
    if part.layout and part.format == "voc":
        yield from without_annotation(root, part.layout)


def _name(location: str) -> str:
    """A name for the dataset that `register` takes."""
    name = re.sub(r"\W+", "_", os.path.basename(os.path.abspath(location))).strip("_")
    try:
        identify(name)
    except UsageError:
        return f"data_{name}".rstrip("_")
    return name


def _records(root: Root, part: Part, name: str) -> Iterator[Header | Image | Finding]:
    module = get_format(part.format)
    options: dict[str, Any] = {}
    if part.format in ("voc", "coco"):
        choice = "custom-voc" if part.format == "voc" else "coco"
        inferred = choose(choice, name, root)
        part.layout, part.reasons = inferred.layout, list(inferred.reasons)
    if part.layout and part.format == "voc":
        coords, why = module.decide_coords(root, part.layout)
        part.coords = f"{coords}: {why}"
        options["layout"] = msgspec.structs.replace(part.layout, coords=coords)
    elif part.layout and "layout" in module.Options.__struct_fields__:
        options["layout"] = part.layout
    if "verify_images" in module.Options.__struct_fields__:
        options["verify_images"] = True
    records: Iterator[Header | Image | Finding] = module.read(
        root, module.Options(**options), str.strip
    )
    return records


def _class_map(layout: Layout | None) -> ClassMap:
    layout = layout or Layout()
    return ClassMap(
        layout.classes,
        layout.aliases,
        unknown="add",
        ignore_case=layout.ignore_case,
        skipped=layout.skip,
    )


class _Survey:
    """Counts what a reader yields, and remembers which image is in which split."""

    def __init__(self, part: Part, classes: ClassMap) -> None:
        self.part = part
        self.classes = classes
        self.images: dict[str, list[str]] = defaultdict(list)

    def add(self, record: Header | Image) -> None:
        if isinstance(record, Header):
            self.classes.declare(category.name for category in record.categories)
            for category in record.categories:
                self.part.classes.setdefault(category.name, {})
            return
        split = record.split or "all"
        self.images[record.file_name].append(split)
        self.part.splits[split] = self.part.splits.get(split, 0) + 1
        for instance in record.instances:
            label = self.classes.take(instance.label, instance.parts, record.source, instance.where)
            if label is not None:  # None: it means no object
                counts = self.part.classes.setdefault(label, {})
                counts[split] = counts.get(split, 0) + 1


def _commands(root: Root, part: Part, name: str, layout_file: str | None) -> list[str]:
    where, quoted = shlex.quote(root.location), shlex.quote(name)
    split = f" {_SPLIT}" if len(part.splits) < 2 else ""
    register = f"dataforge register {quoted} --layout"
    if part.format == "coco":
        return [f"{register} {shlex.quote(layout_file) if layout_file else 'coco'} --root {where}"]
    out = shlex.quote(f"{name}_coco")
    convert = f"dataforge convert {part.format}2coco {where} {out}"
    if part.format == "voc":
        known = name.lower() if part.layout and part.layout.name else ""
        given = shlex.quote(layout_file or known)
        return [
            f"{register} {given if layout_file else 'custom-voc'} --root {where}{split}",
            convert + (f" --layout {given}" if layout_file or known else "") + split,
        ]
    return [f"{convert}{split} --images copy", f"{register} coco --root {out}"]


# Oddities --------------------------------------------------------------------------------------


def _in_two_splits(root: Root, survey: _Survey) -> Iterator[Finding]:
    """Images that train and evaluate alike: of one name, or of the same bytes."""
    splits: dict[str, set[str]] = {}
    for name, names_of_splits in survey.images.items():
        for split in names_of_splits:
            splits.setdefault(split, set()).add(name)
    yield from in_two_splits(splits)
    pairs = _same_bytes(root, survey.images) if len(splits) > 1 and not root.remote else []
    if pairs:
        name, twin, where = min(pairs)
        number = f"{plural(len(pairs), 'image')} {'is' if len(pairs) == 1 else 'are'}"
        yield Finding(
            code="duplicate-across-splits",
            severity="warning",
            file=name,
            message=f"is {twin} again, by its bytes: {where}; {number} in two splits under two "
            "names (this is the first)",
            remedy="take them out of one, or the evaluation flatters",
        )


def _same_bytes(root: Root, images: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """(image, another one of the same bytes, which splits they are in), where these differ."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for name in images:
        if root.exists(name) and (size := os.path.getsize(root.path / name)):
            by_size[size].append(name)
    pairs = []
    for names in by_size.values():
        if len({split for name in names for split in images[name]}) < 2:
            continue
        for twin, *rest in same_bytes(root, names):
            for name in rest:
                # trainval holds train and val by its nature
                here, there = ({*images[each]} - {"trainval"} for each in (name, twin))
                if here and there and here != there:
                    where = f"one in {', '.join(sorted(here))}, one in {', '.join(sorted(there))}"
                    pairs.append((name, twin, where))
    return pairs


def without_annotation(root: Root, layout: Layout) -> Iterator[Finding]:
    """Images of the layout's folders without an XML file."""
    splits = [*layout.splits] if layout.per_split else [""]
    rest = []
    for split in splits:
        ids = (layout.annotation_id(split, name) for name in root.files())
        keys = {layout.key_of_id(id_).casefold() for id_ in ids if id_ is not None}
        for name in root.files():
            key = layout.image_key(split, name) if is_image(name) else None
            if key is not None and key.casefold() not in keys:
                rest.append(name)
    if rest:
        yield Finding(
            code="image-without-annotation",
            severity="note",
            file=rest[0],
            message=f"{plural(len(rest), 'image')} without an XML file (this is the first): "
            "not used",
            remedy="give them an XML file without objects if they are meant to show nothing",
        )


def empty_files(root: Root) -> Iterator[Finding]:
    """The images of a folder, if it is not remote, that have no bytes."""
    if root.remote:
        return
    for name in root.files():
        if is_image(name) and root.exists(name) and not os.path.getsize(root.path / name):
            yield Finding(
                code="empty-file",
                severity="error",
                file=name,
                message="this image has no bytes",
                remedy="restore it",
            )
