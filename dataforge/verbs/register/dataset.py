"""The result of a pass over the data to be registered, independent of their format."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dataforge.checks import DroppedByTrainers
from dataforge.classes import Classes, ClassRules, Resolver, Tally
from dataforge.datasets import Fact, Progress, Seen, Source, Step, Survey, survey
from dataforge.engines import Engine
from dataforge.errors import InputError, plural
from dataforge.findings import Finding, Gathered, Place, as_reasons
from dataforge.formats import Context
from dataforge.formats.voc import annotations_of_splits, listed_ids
from dataforge.frameworks import SplitSpec
from dataforge.io import Root
from dataforge.layouts import Layout, join
from dataforge.records import Image


class Surveyed(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the data.

    Attributes:
        splits: split -> where its list or file, images and annotations are.
        ids: split -> ids as listed; for COCO, the file names of its images.
        images: those that can be read, with their splits.
        file_names: split -> its images, relative to the root.
        tally: the labels of all images.
        order: labels in the order of the source, empty if it has none.
        id_of: XML file -> id, for readable files (VOC).
        unlisted: splits whose ids have to be written to a new list (VOC).
        coords: the coordinate convention.
        masks: whether every object has a polygon or a mask.
        without_mask: how many have none, if some have.
        reasons: how the data were read, one sentence each.
        findings: of the pass.
    """

    splits: dict[str, SplitSpec]
    ids: dict[str, list[str]]
    images: list[Seen]
    file_names: dict[str, set[str]]
    tally: Tally
    order: list[str] = []
    id_of: dict[str, str] = {}
    unlisted: frozenset[str] = frozenset()
    coords: Any = "zero"
    masks: bool = False
    without_mask: str = ""
    reasons: list[str] = []
    findings: list[Finding] = []

    @property
    def lists_ids(self) -> bool:
        """Whether splits are lists of ids; COCO files list their own images."""
        return bool(self.id_of)

    def instances(self, classes: Classes) -> dict[str, dict[str, int]]:
        """Split -> class -> number of instances, in the order of the classes."""
        labels: dict[str, Counter[str]] = {name: Counter() for name in self.splits}
        for seen in self.images:
            labels[seen.split or "all"].update(seen.instances)
        counts = {split: classes.counts(own) for split, own in labels.items()}
        return {
            split: {name: own[name] for name in classes.names if own.get(name)}
            for split, own in counts.items()
        }


def survey_data(root: Root, layout: Layout, engine: Engine, progress: Progress | None) -> Surveyed:
    """Make one pass over the data.

    Raises:
        InputError: no image with annotations can be read.
    """
    read = _survey_coco if layout.format == "coco" else _survey_voc
    return read(root, layout, engine, progress)


def _pass(
    source: Source,
    gathered: Gathered,
    resolver: Resolver,
    engine: Engine,
    progress: Progress | None,
    more: Sequence[Step] = (),
) -> Survey:
    """One pass; the spool of the survey is closed, because no image is kept."""
    steps = [*more, DroppedByTrainers(source)]
    with survey(
        source,
        Context(resolver=resolver),
        engine,
        report=gathered.take,
        steps=steps,
        repeats=True,
        progress=progress,
    ) as found:
        return found


class _Outlines:
    """Counts objects without a polygon or mask: [number, file and pointer of the first]."""

    key = "without-outline"

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        bare = [instance.place for instance in image.instances if instance.shape is None]
        if bare:
            yield Fact(self.key, [len(bare), bare[0].file, bare[0].pointer])
        yield image


def file_names_of(images: Sequence[Seen], splits: Sequence[str]) -> dict[str, set[str]]:
    """Split -> its images."""
    names: dict[str, set[str]] = {name: set() for name in splits}
    for seen in images:
        names[seen.split or "all"].add(seen.file_name)
    return names


# Pascal VOC ---------------------------------------------------------------------------------------


def _survey_voc(root: Root, layout: Layout, engine: Engine, progress: Progress | None) -> Surveyed:
    gathered = Gathered(unique=True, fold=True)  # a file may be in several splits
    source = Source(root, "voc", {"missing_images": "skip"}, layout)
    found = _pass(source, gathered, ClassRules().resolver(), engine, progress)
    coords, why = (found.decision or (layout.coords, "as declared"))[:2]
    if not found.images:
        reasons = as_reasons(gathered.findings)
        raise InputError(f"{root.location}: no image with annotations can be read{reasons}")
    splits, ids, unlisted = {}, {}, set()
    paths: dict[str, str] = {}
    annotations_of = annotations_of_splits(root, layout)
    for split_name, listed in listed_ids(root, layout, annotations_of).items():
        name = split_name or "all"
        images, annotations = layout.folders(split_name or "")
        if layout.by_name and not layout.has_common_star:
            images = images.split("*")[0].rstrip("/")
        images, annotations = _folder(images), _folder(annotations)
        listing = "" if layout.per_split else layout.splits.get(split_name or "", "")
        splits[name] = SplitSpec(ann_file=listing, images=images, annotations=annotations)
        ids[name] = listed
        paths.update((path, id_) for id_, path in annotations_of[split_name].items())
        if not (listing and root.exists(listing) and _is_clean(root, listing, listed)):
            unlisted.add(name)
    return Surveyed(
        splits=splits,
        ids=ids,
        images=found.images,
        file_names=file_names_of(found.images, [*splits]),
        tally=found.tally,
        id_of={seen.place.file: paths[seen.place.file] for seen in found.images},
        unlisted=frozenset(unlisted),
        coords=coords,
        reasons=[f"coords: {coords} ({why})"],
        findings=[f for f in gathered.findings if f.code != "coords"],
    )


def _is_clean(root: Root, listing: str, ids: Sequence[str]) -> bool:
    """Whether the lines of the split file are exactly the ids, except for blanks."""
    text = root.read_bytes(listing).decode("utf-8-sig", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()] == list(ids)


def _folder(folder: str) -> str:
    """The folder that ids are relative to; empty, for the root, if it contains ``*``."""
    return "" if folder == "." or "*" in folder else folder


# COCO ---------------------------------------------------------------------------------------------


def _survey_coco(root: Root, layout: Layout, engine: Engine, progress: Progress | None) -> Surveyed:
    gathered = Gathered(unique=True, fold=True)
    splits, ids, file_names = {}, {}, {}
    images: list[Seen] = []
    order: dict[str, None] = {}
    tally = Tally()
    bare: list[Any] = []
    for name, path in layout.splits.items():
        folder = layout.folders(name)[0]
        splits[name] = SplitSpec(ann_file=path, images="" if folder == "." else folder)
        given = {
            "files": {name: path},
            "as_it_is": True,
            "image_dir": os.path.join(root.location, folder),
        }
        found = _pass(
            Source(root, "coco", given),
            gathered,
            ClassRules().resolver(),
            engine,
            progress,
            more=[_Outlines()],
        )
        order |= dict.fromkeys(category.name for category in found.header.categories)
        tally.merge(found.tally)
        images += found.images
        ids[name] = [seen.file_name for seen in found.images]
        file_names[name] = {join(folder, file_name) for file_name in ids[name]}
        bare += found.facts.get(_Outlines.key, [])
    total = sum(sum(seen.instances.values()) for seen in images)
    without = sum(number for number, _, _ in bare)
    without_mask = ""
    if 0 < without < total:
        first = Place(*bare[0][1:])
        without_mask = f"{without:,} of {plural(total, 'object')} have none, the first {first}"
    return Surveyed(
        splits=splits,
        ids=ids,
        images=images,
        file_names=file_names,
        tally=tally,
        order=[*order],
        masks=total > 0 and not without,
        without_mask=without_mask,
        reasons=[f"masks: {without_mask}; so only boxes are registered"] if without_mask else [],
        findings=gathered.findings,
    )
