"""Entries of one image: of jobs that overlap, or of tasks of a project with the same image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding
from dataforge.formats.base import too_many_objects
from dataforge.geometry import iou
from dataforge.io import MAX_OBJECTS
from dataforge.records import Box, Image, Instance

_MOST = 4_000_000
"""Pairs of objects up to which each is compared with each."""

_SIMILAR = 0.5
"""IoU from which CVAT takes objects of overlapping jobs for the same."""


def united(images: Sequence[Image]) -> Iterator[Image | Finding]:
    """One image with the objects of all, and what differs.

    Objects of one label that overlap by half are the same, as where CVAT merges jobs: the first is
    kept.
    """
    first, *others = images
    instances = [*first.instances]
    for other in others:
        added, differing, same = _compared(first.instances, other.instances)
        instances += added
        yield _said(first, other, same, added, differing)
    if len(instances) > MAX_OBJECTS:
        yield too_many_objects(first.place, len(instances))
    else:
        yield msgspec.structs.replace(first, instances=tuple(instances))


def _compared(
    known: Sequence[Instance], given: Sequence[Instance]
) -> tuple[list[Instance], list[Instance], int]:
    """(those of the given that are new, those that differ from a known one, how many are known)."""
    alike: dict[tuple[str, Box], list[Instance]] = defaultdict(list)
    for one in known:
        alike[one.label, one.box].append(one)
    rest, differing, same = [], [], 0
    for one in given:
        twins = alike.get((one.label, one.box))
        if not twins:
            rest.append(one)
        elif _content(twins.pop()) == _content(one):
            same += 1
        else:
            differing.append(one)
    left = [one for twins in alike.values() for one in twins]
    if len(left) * len(rest) > _MOST:
        return rest, differing, same
    added = []
    for one in rest:
        overlaps = [iou(other.box, one.box) * (other.label == one.label) for other in left]
        best = max(overlaps, default=0.0)
        if best < _SIMILAR:
            added.append(one)
        else:
            left.pop(overlaps.index(best))
            differing.append(one)
    return added, differing, same


def _said(
    first: Image, other: Image, same: int, added: Sequence[Instance], differing: Sequence[Instance]
) -> Finding:
    parts = [f"{plural(same, 'object')} in both"] if same else []
    parts += [f"{plural(len(added), 'object')} only here: added"] if added else []
    if differing:
        where = differing[0].place
        parts.append(
            f"{plural(len(differing), 'object')} where {first.place.pointer} has a similar one, "
            f"which is kept (the first is {where.pointer or where})"
        )
    only = len(first.instances) - same - len(differing)
    parts += [f"{plural(only, 'object')} only in {first.place.pointer}: kept"] if only else []
    return code("image-marked-twice").at(
        other.place,
        f"{other.file_name} is also {first.place.pointer}: {'; '.join(parts) or 'no objects'}",
        "finish overlapping jobs in CVAT, and export the task" * bool(added or differing or only),
        lost=sum(one.parts for one in differing),
        severity="warning" if added or differing or only else "note",
    )


def _content(one: Instance) -> tuple[object, ...]:
    return one.shape, one.attributes, one.iscrowd, one.difficult
