"""Keypoints: ``keypoints`` and ``num_keypoints`` of an annotation, and of a category its names and
``skeleton``.

The points are kept as they are written, without half a pixel that some trainers add.
"""

from __future__ import annotations

from typing import Any

from dataforge.records import Category, Keypoints

POINTS, NUMBER, SKELETON = "keypoints", "num_keypoints", "skeleton"


def with_keypoints(name: str, keys: dict[str, Any]) -> Category:
    """A category with its names of keypoints.

    Args:
        name: of the category.
        keys: its other keys; what is in no form that COCO defines stays among them.
    """
    keys = dict(keys)
    names: tuple[str, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    found = keys.get(POINTS)
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        names = tuple(keys.pop(POINTS))
        bones = keys.get(SKELETON)
        if isinstance(bones, list) and all(map(_is_pair, bones)):
            pairs = tuple((first, second) for first, second in keys.pop(SKELETON))
    extra = {"coco": keys} if keys else {}
    return Category(name=name, keypoints=names, skeleton=pairs, extra=extra)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value)


def keys_of_category(category: Category) -> dict[str, Any]:
    """The keys that say it; pycocotools wants a skeleton wherever there are names."""
    if not category.keypoints:
        return {}
    return {POINTS: category.keypoints, SKELETON: category.skeleton}


def keys_of_points(points: Keypoints) -> dict[str, Any]:
    """The keys of an annotation that say it; a visibility is an integer if it is one.

    >>> keys_of_points((1.5, 2.0, 2.0, 0.0, 0.0, 0.0))
    {'keypoints': [1.5, 2.0, 2, 0.0, 0.0, 0], 'num_keypoints': 1}
    """
    if not points:
        return {}
    written: list[float] = [*points]
    written[2::3] = [
        int(value) if value.is_integer() else value for value in map(float, points[2::3])
    ]
    return {POINTS: written, NUMBER: labelled(points)}


def labelled(points: Keypoints) -> int:
    """How many of the points are labelled."""
    return sum(value > 0 for value in points[2::3])
