"""Shapes of one image with the same label and group_id, which are one instance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Finding
from dataforge.formats.base import Part
from dataforge.records import Box, Instance, Mask, Polygons, Ring

if TYPE_CHECKING:
    from dataforge.classes import Resolver

GroupId: TypeAlias = "int | str | None"


def grouped(
    found: Sequence[tuple[Instance, GroupId]], size: tuple[int, int], resolver: Resolver
) -> Part[tuple[Instance, ...]]:
    """Returns the instances, one per group, each at the position of its first shape.

    Args:
        found: (shape as an instance, its group_id) for all shapes of an image.
        size: (width, height) of the image, pixels.
        resolver: decides which labels mean the same class.
    """
    if all(group_id is None for _, group_id in found):
        return tuple(instance for instance, _ in found)
    groups: dict[Any, list[Instance]] = {}
    for at, (instance, group_id) in enumerate(found):
        label = resolver.same(instance.label) or instance.label
        key = at if group_id is None else (label, group_id)
        groups.setdefault(key, []).append(instance)
    for members in groups.values():
        if len(members) > 1:
            yield from _differences(members)
    instances = []
    for members in groups.values():
        try:
            instances.append(members[0] if len(members) == 1 else _merged(members, *size))
        except geometry.TooLargeError as error:
            yield code("shape-too-large").at(
                members[0].place,
                f"group {members[0].attributes['group_id']!r} cannot become one mask: {error}",
                lost=len(members),
            )
    return tuple(instances)


def _differences(members: Sequence[Instance]) -> Iterator[Finding]:
    """A note on the keys whose values differ between the shapes of a group."""
    first: dict[str, Any] = {}
    differing: dict[str, None] = {}
    for member in members:
        own = member.extra.get("labelme", {})
        for key, value in (member.attributes | own | {"difficult": member.difficult}).items():
            if first.setdefault(key, value) != value:
                differing[key] = None
    if differing:
        yield code("group-differs").at(
            members[0].place,
            f"the shapes of group {members[0].attributes['group_id']!r} of "
            f"{members[0].label!r} differ in {', '.join(differing)}: the first value is used",
            "make them equal, or give separate objects different group_ids",
        )


def _merged(members: Sequence[Instance], width: int, height: int) -> Instance:
    """One instance of several shapes: all rings, or one mask if any of them is a mask.

    Raises:
        TooLargeError: its pixels cannot be counted.
    """
    rings: list[Ring] = []
    masks: list[Mask] = []
    for member in members:
        if isinstance(member.shape, Mask):
            masks.append(member.shape)
        elif member.shape is not None:
            rings.extend(member.shape.rings)
    own = _united([member.extra.get("labelme", {}) for member in members])
    box: Box
    if masks:
        if rings:
            masks.append(geometry.rasterise(rings, width, height))
        union = geometry.merge_masks(masks)
        shape: Mask | Polygons = union
        box, area = geometry.mask_box(union), geometry.mask_area(union)
    else:
        shape = Polygons(tuple(rings))
        corners = [member.box for member in members]
        box, area = geometry.ring_box(*corners), math.fsum(member.area for member in members)
    return msgspec.structs.replace(
        members[0],
        box=box,
        area=area,
        shape=shape,
        parts=len(members),
        attributes=_united([member.attributes for member in members]),
        extra={"labelme": own} if own else {},
    )


def _united(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The keys of all mappings, each with its first value."""
    return {key: value for one in reversed(mappings) for key, value in one.items()}
