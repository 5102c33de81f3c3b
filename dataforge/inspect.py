"""What is in a folder: formats by evidence, layout and why, classes, oddities, what to do next."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from dataforge.codegen.spec import identify
from dataforge.errors import InputError, LayoutError, ParseError, UsageError
from dataforge.fileio import (
    IMAGE_EXTENSIONS,
    Root,
    decode_json,
    is_image,
    same_bytes,
    stem,
    to_utf8,
)
from dataforge.formats._coco_file import without_nan
from dataforge.formats._table import formats, get_format
from dataforge.infer import choose, known_as
from dataforge.labels import ClassMap, folded, near_misses
from dataforge.layout import Layout
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
    texts = _Texts(root)
    found.parts = _recognised(root, texts)
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


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _extension(name: str) -> str:
    return name[len(stem(name)) :]


# Recognising -----------------------------------------------------------------------------------


class _Keys(msgspec.Struct):
    """The keys that tell whose a JSON file is."""

    shapes: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    images: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    categories: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


class _Texts:
    """The annotation files of a folder, looked into once.

    Attributes:
        labelme, coco, voc: their names.
        other: those that are something else, with what that is.
        findings: those that cannot be read.
    """

    def __init__(self, root: Root) -> None:
        self.labelme: list[str] = []
        self.coco: list[str] = []
        self.voc: list[str] = []
        self.other: dict[str, str] = {}
        self.findings: list[Finding] = []
        for name in root.files():
            if name.lower().endswith(".json"):
                self._look_into_json(root, name)
            elif name.lower().endswith(".xml"):
                self._look_into_xml(root, name)

    def _look_into_json(self, root: Root, name: str) -> None:
        try:
            data = to_utf8(root.read_bytes(name), name)[0]
            keys = decode_json(without_nan(data) or data, _Keys, name)
        except ParseError as error:
            if isinstance(error.__cause__, msgspec.ValidationError):
                self.other[name] = "JSON that is neither labelme's nor COCO's"
            else:
                self._unreadable("unreadable-json", error)
            return
        if keys.shapes is not msgspec.UNSET:
            self.labelme.append(name)
        elif keys.images is not msgspec.UNSET and keys.categories is not msgspec.UNSET:
            self.coco.append(name)
        else:
            self.other[name] = "JSON that is neither labelme's nor COCO's"

    def _look_into_xml(self, root: Root, name: str) -> None:
        try:
            head = root.read_bytes(name)[:4096]
        except ParseError as error:
            self._unreadable("unreadable-xml", error)
            return
        first = re.search(rb"<([A-Za-z_][\w.:-]*)", head)
        if not first:
            self._unreadable("unreadable-xml", ParseError(name, "", "has no element: it is no XML"))
        elif first[1] == b"annotation":
            self.voc.append(name)
        else:
            self.other[name] = f"XML with <{first[1].decode()}>, where VOC has <annotation>"

    def _unreadable(self, code: str, error: ParseError) -> None:
        self.findings.append(
            Finding(
                code=code,
                severity="error",
                file=error.file,
                where=error.where,
                message=error.message,
                remedy="restore the file",
            )
        )


def _labelme(root: Root, texts: _Texts) -> Part | None:
    if not texts.labelme:
        return None
    number = len(texts.labelme)
    return Part(
        format="labelme", files=number, evidence=f"{_many(number, 'JSON file')} with shapes"
    )


def _coco(root: Root, texts: _Texts) -> Part | None:
    if not texts.coco:
        return None
    evidence = f"images and categories in {', '.join(texts.coco[:4])}"
    if len(texts.coco) > 4:
        evidence += f" and {len(texts.coco) - 4} more"
    return Part(format="coco", files=len(texts.coco), evidence=evidence)


def _voc(root: Root, texts: _Texts) -> Part | None:
    if not texts.voc:
        return None
    number = len(texts.voc)
    return Part(
        format="voc", files=number, evidence=f"{_many(number, 'XML file')} with <annotation>"
    )


_ROW = re.compile(r"\d+(\s+-?\d+(\.\d*)?(e-?\d+)?){4,}", re.IGNORECASE)


def _yolo(root: Root, texts: _Texts) -> Part | None:
    names = root.files()
    last_words = {stem(name).rsplit("/", 1)[-1] for name in names if is_image(name)}
    labels = [
        name
        for name in names
        if name.lower().endswith(".txt")
        and stem(name).rsplit("/", 1)[-1] in last_words
        and _has_rows(root, name)
    ]
    if not labels:
        return None
    files = _many(len(labels), "text file")
    evidence = f"{files} beside images with rows of a class number and coordinates"
    said = [name for name in names if _says_yolo_names(root, name)]
    if said:
        evidence += f"; class names in {', '.join(said[:3])}"
    return Part(format="yolo", files=len(labels), evidence=evidence)


def _has_rows(root: Root, name: str) -> bool:
    try:
        text = root.read_bytes(name).decode("utf-8", "replace")
    except ParseError:
        return False
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return bool(lines) and sum(bool(_ROW.fullmatch(line)) for line in lines) > 0.5 * len(lines)


def _says_yolo_names(root: Root, name: str) -> bool:
    last = name.rsplit("/", 1)[-1].lower()
    if last in ("classes.txt", "obj.names"):
        return True
    if not last.endswith((".yaml", ".yml")):
        return False
    try:
        return bool(re.search(rb"(?m)^names\s*:", root.read_bytes(name)))
    except ParseError:
        return False


_RECOGNISERS: dict[str, Callable[[Root, _Texts], Part | None]] = {
    "coco": _coco,
    "labelme": _labelme,
    "voc": _voc,
    "yolo": _yolo,
}


def _recognised(root: Root, texts: _Texts) -> list[Part]:
    """A row for each format that a folder holds, the largest first."""
    parts = [recognise(root, texts) for recognise in _RECOGNISERS.values()]
    found = [part for part in parts if part is not None and part.format in formats()]
    return sorted(found, key=lambda part: -part.files)


def formats_in(root: Root) -> list[str]:
    """The formats of a folder's annotation files, that of most of them first."""
    return [part.format for part in _recognised(root, _Texts(root))]


def guess_format(root: Root) -> str:
    """The format of most of a folder's annotation files; `images` where nothing is marked.

    Raises:
        InputError: there are no images, either.
    """
    texts = _Texts(root)
    if parts := _recognised(root, texts):
        return parts[0].format
    if texts.findings:  # a reader says what is wrong with them
        return _meant(root, texts.findings[0].file)
    if not any(map(is_image, root.files())):
        raise InputError(f"{root.location}: no annotations and no images are in it")
    return "images"


def _meant(root: Root, unreadable: str) -> str:
    """The format of an annotation file of which nothing but the name can be read."""
    if unreadable.lower().endswith(".xml"):
        return "voc"
    own = any(stem(name) == stem(unreadable) for name in root.files() if is_image(name))
    return "labelme" if own else "coco"


def _what_it_needs(root: Root, images: list[str], texts: _Texts) -> list[str]:
    """Why nothing was recognised, and what would be; a sentence each."""
    location = shlex.quote(root.location)
    needs = []
    if not root.files():
        return ["the folder is empty: name the one that holds the dataset"]
    for what, number in _counts(texts.other.values()).items():
        needs.append(f"{_many(number, 'file')}: {what}")
    if images and not texts.other and not texts.findings:
        needs.append(
            f"{_many(len(images), 'image')} and no annotations: mark them, in labelme for one"
        )
        if "images" in formats():
            needs.append(
                "to list them as COCO with nothing marked: "
                f"dataforge convert images2coco {location} images.json"
            )
    if not images:
        needs.append(f"no image is here ({', '.join(IMAGE_EXTENSIONS)})")
    needs.append(
        "what can be recognised: labelme JSON (shapes), COCO JSON (images, annotations, "
        "categories), Pascal VOC XML (<annotation>), YOLO text (class x y w h)"
    )
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
    yield from _look_alike(part)
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
            for category in record.categories:
                self.part.classes.setdefault(category.name, {})
            return
        split = record.split or "all"
        self.images[record.file_name].append(split)
        self.part.splits[split] = self.part.splits.get(split, 0) + 1
        for instance in record.instances:
            label = self.classes.canonical(instance.label)
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


def _look_alike(part: Part) -> Iterator[Finding]:
    """Class names that most likely mean the same."""
    totals = {name: sum(counts.values()) for name, counts in part.classes.items()}
    first: dict[str, str] = {}
    for name in sorted(totals, key=lambda name: (-totals[name], name)):
        twin = first.setdefault(folded(name), name)
        if twin != name:
            yield _alike("look-alike-labels", name, twin, totals)
    for name, twin in near_misses(totals):
        yield _alike("near-miss-labels", name, twin, totals)


def _alike(code: str, name: str, twin: str, totals: Mapping[str, int]) -> Finding:
    return Finding(
        code=code,
        severity="warning",
        file=".",
        message=f"class {name!r} ({totals[name]}) looks like {twin!r} ({totals[twin]})",
        remedy=f"if they are one: an aliases file with {twin!r} = [{name!r}]",
    )


def _in_two_splits(root: Root, survey: _Survey) -> Iterator[Finding]:
    """Images that train and evaluate alike: the same file, or the same bytes."""
    twice = {name: splits for name, splits in survey.images.items() if len(set(splits)) > 1}
    # trainval holds train and val by its nature
    twice = {name: s for name, s in twice.items() if set(s) - {"trainval"} != set(s[:1])}
    pairs = [(name, f"is in {' and '.join(sorted(set(s)))}") for name, s in twice.items()]
    if len(set().union(*survey.images.values())) > 1 and not root.remote:
        pairs += _same_bytes(root, survey.images)
    if pairs:
        file, said = min(pairs)
        yield Finding(
            code="duplicate-across-splits",
            severity="warning",
            file=file,
            message=f"{said}; {len(pairs)} images are in two splits (this is the first)",
            remedy="take them out of one, or the evaluation flatters",
        )


def _same_bytes(root: Root, images: dict[str, list[str]]) -> list[tuple[str, str]]:
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
                if set(images[twin]) != set(images[name]):
                    pairs.append((name, f"({images[name][0]}) is {twin} ({images[twin][0]}) again"))
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
            message=f"{len(rest)} images have no XML file (this is the first): not used",
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
