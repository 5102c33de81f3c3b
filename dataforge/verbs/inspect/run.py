"""What is in a folder: formats, layout, classes, problems, and the next commands."""

from __future__ import annotations

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
from dataforge.errors import InputError, LayoutError, OptionNeededError, UsageError, plural
from dataforge.findings import Finding, Gathered
from dataforge.formats import COCO_RESULTS, Context, Texts, formats
from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, stem
from dataforge.layouts import Layout
from dataforge.shell import command_line, path_word
from dataforge.verbs.evaluate import results_in
from dataforge.verbs.inspect.commands import dataset_name, propose
from dataforge.verbs.inspect.report import Inspection, Part


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
            propose(root, part, found, layout_file, findings)
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
    name = well_known_name(root) or dataset_name(root.location)
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
    except OptionNeededError as error:
        if error.option in part.options:
            part.needs = str(error)
            return gathered.findings
        chosen = error.values[0]
        part.options[error.option] = chosen
        part.reasons.append(f"{error}; here it is {chosen}")
        return _read(root, part, engine, progress)
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
    given = verifying(part.format, verify=True) | part.options
    return Source(root, part.format, given, part.layout if part.format == "voc" else None)
