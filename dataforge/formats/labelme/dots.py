"""Writes keypoints as points in the group of their object; poses.py reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dataforge.formats.tally import Loss, Losses
from dataforge.records import Instance

POINT_LOSSES = {
    "keypoints of class": Loss(
        "keypoint-names-not-carried",
        "class",
        "with keypoints whose order and skeleton labelme cannot store ({names})",
        "give their names in order with --keypoints when you read the files",
    ),
    "own group": Loss(
        "group-id-shared",
        "instance",
        "with keypoints and the group_id of another one in the same image: written with a group_id "
        "of its own",
    ),
    "no points": Loss(
        "keypoints-not-carried",
        "instance",
        "with keypoints none of which is labelled: no points are written",
    ),
    "visibility": Loss(
        "keypoint-visibility-not-kept",
        "instance",
        "with positions of keypoints that are not labelled, or other visibilities than 0, 1 and 2: "
        "not stored",
    ),
}


class Dots:
    """The labelled keypoints of an instance; false if there are none.

    Args:
        instance: any.
        names: of the keypoints of its class.
        losses: counts what labelme cannot store of them.
    """

    def __init__(self, instance: Instance, names: Sequence[str], losses: Losses) -> None:
        flat = instance.keypoints
        points = [*zip(flat[0::3], flat[1::3], flat[2::3], strict=True)]
        own = [*names] if len({*names}) == len(names) else []
        own += [f"keypoint_{number}" for number in range(len(own) + 1, len(points) + 1)]
        self._found = [
            (name, x, y, v == 1) for name, (x, y, v) in zip(own, points, strict=False) if v > 0
        ]
        if points and not self._found:
            losses.add("no points", instance.place)
        if any(v not in (1, 2) if v > 0 else (x, y, v) != (0, 0, 0) for x, y, v in points):
            losses.add("visibility", instance.place)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __call__(self, group_id: int | None) -> Iterator[dict[str, Any]]:
        """Their shapes."""
        for name, x, y, hidden in self._found:
            shape: dict[str, Any] = {
                "label": name,
                "points": [(x, y)],
                "group_id": group_id,
                "description": "",
                "shape_type": "point",
                "flags": {},
                "mask": None,
            }
            yield shape | {"difficult": True} if hidden else shape
