"""Reads Label Studio's JSON; `tasks` says what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Context, Part, Reader
from dataforge.formats.drawn import DrawnError, Room
from dataforge.formats.json_entries import elements, keys_of, number_of, numbered, whole
from dataforge.formats.labelstudio.images import Picture, placed
from dataforge.formats.labelstudio.regions import (
    NO_AREA,
    SHAPES,
    Region,
    class_of,
    drawn_region,
    regions_of,
)
from dataforge.formats.labelstudio.results import Results
from dataforge.formats.labelstudio.tasks import Policy, Task, is_alone, task_of
from dataforge.formats.listed import (
    Contents,
    Document,
    ListedOptions,
    ListedReading,
    bad_object,
)
from dataforge.formats.listed_images import Entry
from dataforge.formats.outlines import crossing, in_order
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.sizes import stated_size
from dataforge.io import Root, in_64_bits, plain
from dataforge.records import Instance


class ReadOptions(ListedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Label Studio's files are read."""

    annotations: Annotated[
        Policy,
        msgspec.Meta(
            description="Which annotations of a task are read: that marked as ground truth or else "
            "changed last, the first, all, or the first of a model's predictions instead."
        ),
    ] = "latest"


def recognise(texts: Texts) -> Recognised:
    """JSON files with tasks."""
    number = len(texts.of("labelstudio"))
    return Recognised(number, f"{plural(number, 'JSON file')} with tasks of Label Studio")


class LabelStudioReader(Reader[ReadOptions]):
    """Reads every export below a folder; its name or folder may say a split."""

    Options = ReadOptions

    def image_root(self, options: ReadOptions) -> str | None:
        return options.image_dir

    def open(self, root: Root, options: ReadOptions, context: Context) -> LabelStudioReading:
        return LabelStudioReading(root, options, context)


_Read: TypeAlias = tuple[Place, Task, dict[Picture, list[Results]]]
"""A task, and the results of each of its images."""


class LabelStudioReading(ListedReading[ReadOptions]):
    """The exports of one folder."""

    kind = "file of Label Studio"
    shares = True

    def parse(self, name: str, data: bytes) -> Part[Document | None]:
        raw = yield from whole(data, name)
        is_list = bytes(memoryview(raw)[:1]) == b"["
        if not is_list and not is_alone(raw):
            return None
        policy = self.options.annotations
        tasks = [
            (place, None if keys is None else task_of(keys, place, policy))
            for index, _, keys in numbered(elements(raw, name) if is_list else [raw])
            for place in (Place(name, f"$[{index}]" if is_list else "$"),)
        ]
        if tasks and not any(task is not None for _, task in tasks[:100]):
            return None
        read: list[_Read] = []
        for place, task in tasks:
            if task is None:
                yield bad_object(place, "expected a task with data and annotations")
                continue
            if not task.is_annotated:
                yield code("task-not-annotated").at(place, "is not annotated: not read")
                continue
            if task.annotations > len(task.results):
                yield code("several-annotations").at(
                    place, f"has {task.annotations} annotations, of which one is read"
                )
            if not task.pictures:
                yield _without_image(place, sum(one.number for one in task.results))
                continue
            findings: list[Finding] = []
            of_each = {task.pictures[0]: task.results}
            if len(task.pictures) > 1 or task.pictures[0].page is not None:
                of_each, findings = placed(task.pictures, task.results)
            yield from findings
            read.append((place, task, of_each))
        return Document(_entries(read))

    def contents(self, entry: Entry, size: tuple[int, int]) -> Part[Contents]:
        results: Sequence[Results] = entry.content
        room = Room(sum(len(one.data) for one in results))
        instances: list[Instance] = []
        of_image: dict[str, Any] = {}
        for one in results:
            answers: dict[str, dict[str, Any]] = {}
            regions: list[Region] = []
            for found in regions_of(in_64_bits(plain(one.raw())), one):
                if isinstance(found, Region):
                    regions.append(found)
                elif len(found) == 2:
                    yield bad_object(*found)
                else:
                    answers.setdefault(found[0], {})[found[1]] = found[2]
            for region in regions:
                more = answers.pop(region.id, {}) if region.id else {}
                own = region.result.get("score")
                score = own if isinstance(own, (int, float)) else one.score
                more |= {} if score is None else {"score": score}
                made = yield from _instance(region, more, size, room)
                instances += [made] if made is not None else []
            for rest in answers.values():
                of_image |= rest
        return Contents(instances, attributes=of_image)


def _instance(
    region: Region, attributes: dict[str, Any], size: tuple[int, int], room: Room
) -> Part[Instance | None]:
    if region.kind in NO_AREA:
        yield code("skipped-shape").at(
            region.place,
            f"a {region.kind} has no area: skipped",
            "draw what is to be detected as a box or polygon",
            lost=1,
        )
        return None
    if region.kind not in SHAPES:
        yield code("skipped-shape").at(
            region.place,
            f"regions of the type {region.kind[:40]!r} are not read: skipped",
            "draw what is to be detected as a box, polygon or brush mask",
            severity="warning",
            lost=1,
        )
        return None
    try:
        label = class_of(region)
        box, area, outline, crosses = drawn_region(region, size, room)
    except DrawnError as error:
        yield bad_object(region.place, str(error))
        return None
    box = yield from in_order(box, label, region.place)
    if crosses:
        yield crossing(label, area, region.place)
    return Instance(
        label=label, box=box, area=area, shape=outline, place=region.place, attributes=attributes
    )


def _without_image(place: Place, number: int) -> Finding:
    lost = f": {plural(number, 'result')} not converted" if number else ""
    return code("no-file-name").at(
        place,
        f"the task has no image{lost}",
        "leave tasks about texts and other things out of the export",
        lost=number,
    )


def _entries(read: Sequence[_Read]) -> list[Entry]:
    """Entries of the images of all tasks.

    Of several images of a task, those are read whose key has results in some task: others are, for
    instance, small copies.
    """
    used = {one.key for *_, of_each in read for one in of_each}
    entries: list[Entry] = []
    for place, task, of_each in read:
        for one in [one for one in task.pictures if one.key in used] or task.pictures:
            results = of_each.get(one, [])
            number = sum(of.number for of in results)
            name, *also = one.names
            size = _size(results)
            entries.append(Entry(name, place, number, results, size, tuple(also)))
    return entries


def _size(results: Sequence[Results]) -> tuple[int, int] | None:
    """(width, height) of the image as the first result that says it has it."""
    for one in results:
        for raw in msgspec.json.decode(one.data, type=list[msgspec.Raw])[:20]:
            keys = keys_of(raw) or {}
            width, height = (
                number_of(keys.get(f"original_{side}")) for side in ("width", "height")
            )
            if (size := stated_size(width, height)) is not None:
                return size
    return None
