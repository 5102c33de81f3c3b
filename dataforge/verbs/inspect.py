"""What is in a folder: formats, layout, classes, problems, and the next commands."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from dataforge.classes import Classes
from dataforge.datasets import (
    KeepingRoot,
    Progress,
    Source,
    Survey,
    empty_files,
    find_layout,
    formats_in,
    images_without_annotation,
    layout_rules,
    left_out,
    recognisable,
    survey,
    to_unpack,
    twins,
    unread_in_words,
    verifying,
    well_known_name,
)
from dataforge.engines import Engine, get_engine
from dataforge.errors import InputError, LayoutError, UsageError, plural
from dataforge.findings import Finding, Gathered, any_error
from dataforge.formats import COCO_RESULTS, Context, Foreign, Texts, formats
from dataforge.frameworks import is_reserved
from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, stem
from dataforge.layouts import SPLIT_ORDER, Layout, sharing_a_split
from dataforge.reports import Shown, Table, summed_up
from dataforge.shell import UNPRINTABLE, command_line, path_word
from dataforge.verbs.evaluate import InFolder, results_in

_SPLIT = ["--split", "train=80,val=20"]

_OTHER_NAMES = {"image-name-differs", "path-leaves-root"}
"""Codes of file names that are understood, but by which no training opens an image."""

_MARKED_TWICE = (
    "(no command: several COCO files mark the same images; move one of them away, or name the file "
    "of each split with `dataforge register NAME --split-files train=FILE,val=FILE`)"
)

_MOST_MERGED = 10
"""COCO files of one split up to which a command is proposed that merges them."""


class Part(msgspec.Struct, kw_only=True):
    """One format that was recognised.

    Attributes:
        format: its name.
        files: number of annotation files in it.
        evidence: a sentence that says why.
        layout: where the files are, for a format that has a layout.
        reasons: how the layout was found.
        coords: the coordinate convention, and why (voc).
        splits: split -> number of images.
        classes: class -> split -> number of instances.
        needs: why it cannot be read, and what it needs; empty if it can.
        commands: the next commands.
        no_commands: why there are none although it can be read.
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
    no_commands: str = ""


class Inspection(Shown, msgspec.Struct, kw_only=True):
    """What is in a folder.

    Attributes:
        root: as given.
        files: number of files.
        folders: folder -> extension -> number of files.
        images: extension as written -> number of images.
        parts: one for each format that was recognised, the largest first.
        foreign: formats that are recognised and not read.
        predictions: files of COCO results.
        findings: problems.
        needs: what is missing, if nothing can be read.
    """

    root: str
    files: int
    folders: dict[str, dict[str, int]]
    images: dict[str, int]
    parts: list[Part] = []
    foreign: list[Foreign] = []
    predictions: list[InFolder] = []
    findings: list[Finding] = []
    needs: list[str] = []

    def title(self) -> str:
        formats = ", ".join(part.format for part in self.parts) or "no dataset"
        return f"{self.root}: {plural(self.files, 'file')}, {formats}; {summed_up(self.findings)}"

    def table(self) -> Table:
        rows = [
            [part.format, name, *(f"{split}: {number:,}" for split, number in [*splits.items()])]
            for part in self.parts
            for name, splits in part.classes.items()
        ]
        width = max(map(len, rows), default=2)
        head = ["format", "class", *(["objects"] + [""] * (width - 3))[: width - 2]]
        return Table(head, [row + [""] * (width - len(row)) for row in rows])

    @property
    def usable(self) -> bool:
        """Whether anything can be converted or registered."""
        return any(not part.needs for part in self.parts)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)

    @property
    def layout(self) -> Layout | None:
        """The layout of the largest part that has one."""
        return next((part.layout for part in self.parts if part.layout), None)


def inspect(
    location: str,
    layout_file: str | None = None,
    *,
    follow_links: bool = False,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Inspection:
    """Examine a folder; nothing is written.

    Args:
        location: local path or fsspec URL.
        layout_file: where the layout will be saved; the commands then name it.
        follow_links: also read what links out of the folder lead to.
        engine: where the work runs; None is this process.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        InputError: the folder does not exist.
    """
    engine = engine or get_engine("local", 1)
    root = KeepingRoot(location, follow_links=follow_links)
    images = [name for name in root.files() if is_image(name)]
    found = Inspection(
        root=location,
        files=len(root.files()),
        folders=_folders(root.files()),
        images=_counts(_extension(name) for name in images),
    )
    texts = Texts(root)
    for recognised in formats_in(root, texts):
        part = Part(**msgspec.structs.asdict(recognised))
        findings = _read(root, part, engine, progress)
        if not part.needs:
            _propose(root, part, found, layout_file, findings)
        found.parts.append(part)
        found.findings += findings
    found.findings += texts.findings if not found.usable else []
    found.findings += [*left_out(root), *empty_files(root)]
    found.findings = [*{one.identity: one for one in found.findings}.values()]  # of several parts
    found.foreign = [one for one in texts.foreign if one.name != COCO_RESULTS]
    found.predictions = results_in(root, texts)
    known = {one.file for one in found.predictions}
    found.findings = [one for one in found.findings if one.place.file not in known]
    if not found.parts:
        found.needs = _what_it_needs(root, images, texts)
    elif not found.usable:
        found.needs = [*(part.needs for part in found.parts), *map(str, found.foreign)]
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


def _what_it_needs(root: Root, images: list[str], texts: Texts) -> list[str]:
    """Why nothing was recognised, and what would be; one sentence each."""
    if not root.files():
        return ["the folder is empty: name the one that contains the dataset"]
    needs = [*unread_in_words(root, texts), *map(str, texts.foreign)]
    needs += [] if images else to_unpack(root)
    if images and not (needs or texts.findings):
        needs.append(
            f"{plural(len(images), 'image')} without annotations: annotate them, for example "
            "with labelme"
        )
        words = ["dataforge", "convert", "images2coco", path_word(root.location), "images.json"]
        words += root.flags
        if "images" in formats() and (command := command_line(*words)):
            needs.append(f"to list them in a COCO file without annotations: {command}")
    if not images:
        needs.append(f"no images ({', '.join(IMAGE_EXTENSIONS)})")
    known = "; ".join(f"{name}: {formats()[name].about}" for name in recognisable())
    needs.append(f"formats that are recognised: {known}")
    return needs


# Reading ---------------------------------------------------------------------------------------


def _read(root: Root, part: Part, engine: Engine, progress: Progress | None) -> list[Finding]:
    """Fill in the results of the format's reader; returns all findings."""
    name = well_known_name(root) or _name(root.location)
    gathered = Gathered(fold=True)
    try:
        source = _source(root, part, name)
        resolver = msgspec.structs.replace(
            layout_rules(part.layout or Layout()), unknown="add"
        ).resolver()
        with survey(
            source,
            Context(resolver=resolver),
            engine,
            report=gathered.take,
            progress=progress,
        ) as found:
            classes = found.settled(resolver)
    except (LayoutError, InputError, UsageError) as error:
        part.needs = str(error)
        return gathered.findings
    if not found.images:
        part.needs = f"{root.location}: no annotated image can be read as {part.format}"
        return gathered.findings
    if part.format == "voc" and part.layout:
        coords, why = (found.decision or (part.layout.coords, "as declared"))[:2]
        part.coords = f"{coords}: {why}"
    _count(part, found, classes)
    findings = [finding for finding in gathered.findings if finding.code != "coords"]
    findings += [*classes.look_alikes(), *twins(root, found.images)]
    if part.layout and part.format == "voc":
        findings += images_without_annotation(root, part.layout)
    return findings


def _count(part: Part, found: Survey, classes: Classes) -> None:
    """Count images by split, and instances by class and split."""
    declared = part.layout.classes or () if part.layout else ()
    part.classes = {label: {} for label in dict.fromkeys([*declared, *classes.names])}
    for seen in found.images:
        split = seen.split or "all"
        part.splits[split] = part.splits.get(split, 0) + 1
        own = classes.counts(seen.instances)
        for label, number in own.items():
            counts = part.classes[label]
            counts[split] = counts.get(split, 0) + number


def _source(root: Root, part: Part, name: str) -> Source:
    """The dataset of a part; fills in its layout and how that was found."""
    if part.format in ("voc", "coco"):
        layout = find_layout("custom-voc" if part.format == "voc" else "coco", name, root)
        part.layout, part.reasons = layout.layout, list(layout.reasons)
    given = verifying(part.format, verify=True)
    return Source(root, part.format, given, part.layout if part.format == "voc" else None)


def _name(location: str) -> str:
    """A dataset name that `register` accepts."""
    name = re.sub(r"\W+", "_", os.path.basename(os.path.abspath(location))).strip("_")
    try:
        reserved = is_reserved(name)
    except UsageError:
        reserved = True
    return f"data_{name}".rstrip("_") if reserved else name


# Next commands ---------------------------------------------------------------------------------


def _propose(
    root: Root, part: Part, found: Inspection, layout_file: str | None, findings: list[Finding]
) -> None:
    """Fill in the next commands of a part.

    Args:
        root: the folder.
        part: what was read.
        found: contains the parts before it.
        layout_file: see `inspect`.
        findings: on the part.
    """
    words = []
    first = not found.parts
    marked = any(part.classes.values())
    if any_error(findings) or not marked:
        given = [] if first else ["--from", part.format]
        words.append(["dataforge", "check", path_word(root.named), *given, *root.flags])
    if marked:
        name = well_known_name(root) or _name(root.location)
        name = name if first else f"{name}_{part.format}"
        codes = {finding.code for finding in findings}
        if _shared(part) and "image-in-two-splits" in codes:  # a merge keeps those of one file
            part.no_commands = _MARKED_TWICE
        else:
            renamed = bool(codes & _OTHER_NAMES)
            words += _commands(root, part, name, layout_file, renamed=renamed)
    part.commands = [command_line(*one) for one in words]
    if not all(part.commands):
        part.commands, part.no_commands = [], UNPRINTABLE


def _commands(
    root: Root, part: Part, name: str, layout_file: str | None, *, renamed: bool
) -> list[list[str]]:
    """The words of the commands that convert and register; empty for one that cannot be given."""
    layout = layout_file and path_word(layout_file)
    shared = _shared(part)
    in_one = len(part.splits) < 2 or len(shared.get("all", ())) == len(part.splits)
    can_split = in_one and sum(part.splits.values()) > 1
    split = _SPLIT if can_split else []
    register = ["dataforge", "register", name, "--layout"]
    to = "voc" if part.format == "coco" else "coco"
    out = _free(f"{name}_{to}")
    convert = ["dataforge", "convert", f"{part.format}2{to}", path_word(root.named), out]
    convert += root.flags
    has_images = any(map(is_image, root.files()))
    few = max(map(len, shared.values()), default=0) <= _MOST_MERGED
    if part.format == "coco" and few and not renamed:
        readable = has_images and not root.remote  # training reads local files
        return _of_coco(root, part, shared, [*register, layout or "coco"]) if readable else []
    if part.format == "voc" and not root.only:
        known = well_known_name(root) if part.layout and part.layout.name else None
        given = ["--layout", layout or str(known).lower()] if layout or known else []
        convert = [*convert, *given, *split]
        if not has_images or root.remote:  # register what is written, once the images are there
            return [[*convert, "--image-mode", "copy"] if has_images else convert]
        where = path_word(root.location)
        register += [layout or "custom-voc", "--root", where, *split, *root.flags]
        return [register, convert]
    if not root.only:
        convert += split
    if not has_images or (shared and not split):
        return [convert]
    converted = "custom-voc" if to == "voc" else "coco"  # a trainer finds what is written
    return [[*convert, "--image-mode", "copy"], [*register, converted, "--root", out]]


def _shared(part: Part) -> dict[str, list[str]]:
    """Split -> its files, of the splits that have several COCO files."""
    return sharing_a_split(part.layout.splits) if part.layout and part.format == "coco" else {}


def _of_coco(
    root: Root, part: Part, shared: dict[str, list[str]], register: list[str]
) -> list[list[str]]:
    """The words of the commands that register COCO files; those of one split are merged before.

    What is merged is written into the folder, since its images are named relative to that.
    """
    files = {next(iter(part.splits)): root.only} if root.only else {}
    commands = []
    if shared and part.layout:
        files = {split: file for split, file in part.layout.splits.items() if split in SPLIT_ORDER}
        register[-1] = "coco"  # a layout file has other splits, and folders for them
    for split, merged in shared.items():
        out = _free(os.path.join(root.location, f"merged_{split}"), ".json")
        paths = [
            path_word(os.path.join(root.location, file))
            for file in (*merged, os.path.basename(out))
        ]
        commands.append(["dataforge", "coco", "merge", "--prefix", *paths])
        files[split] = os.path.basename(out)
    given = [f"{split}={file}" for split, file in files.items()]
    if any(re.search(r",|=.*=|=\s|^\s|\s$", one) for one in given):
        return [[]]  # the option would not be understood
    one = ["--split-files", ",".join(given)] if given else []
    return [*commands, [*register, "--root", path_word(root.location), *one, *root.flags]]


def _free(name: str, ending: str = "") -> str:
    """A path, with a number before its ending if there is something of that name."""
    number = 1
    free = name + ending
    while os.path.lexists(free):
        number += 1
        free = f"{name}_{number}{ending}"
    return free
