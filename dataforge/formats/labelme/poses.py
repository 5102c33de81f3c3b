"""Points that are the keypoints of the object in their group, as X-AnyLabeling marks them.

    {"label": "cat", "shape_type": "rectangle", "group_id": 3, ...}
    {"label": "nose", "shape_type": "point", "group_id": 3, ...}

The label of a point is the name of the keypoint. One that is ``difficult`` is hidden (visibility
1), any other is visible (2), and one without a point is not labelled (0). Their order is an option;
what it is for ``auto`` is known when all files have been read, so that until then an object keeps
its points by name, in `_HELD`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from dataforge.classes import Resolver
from dataforge.codes import code
from dataforge.errors import UsageError, plural
from dataforge.findings import Finding, Place
from dataforge.formats.base import Evidence, Found
from dataforge.formats.labelme.file import Shape, says
from dataforge.formats.labelme.groups import GroupId
from dataforge.io import MAX_COORDINATE
from dataforge.records import Category, Header, Image, Instance

_CLASSES = "classes with keypoints"
"""Evidence of a file: [[label of an object, [names of its keypoints]], ...]."""

_SAYING = "keypoints that say more"
"""Evidence of points with flags, a description and the like: [file, pointer, number]."""

_HELD = "keypoints"

Orders: TypeAlias = dict[str, list[str]]
"""Class, as the resolver has it -> the names of its keypoints in order."""


class _Point(NamedTuple):
    name: str
    group_id: GroupId
    values: tuple[float, float, float]
    place: Place


class Asked:
    """The option ``keypoints``: ``auto``, names for all classes, or names for each.

    Args:
        text: see above.

    Raises:
        UsageError: it is none of these.
    """

    def __init__(self, text: str) -> None:
        self.everywhere: list[str] | None = None
        self.of_class: dict[str, list[str]] = {}
        self.sorted = text.strip() == "auto"
        if self.sorted:
            return
        for part in text.split(";"):
            owner, equals, names = part.rpartition("=")
            found = [name.strip() for name in names.split(",")]
            if not all(found) or len({*found}) < len(found) or (equals and not owner.strip()):
                raise UsageError(
                    f"--keypoints {text}: expected auto, NAME,NAME,... or CLASS=NAME,...;CLASS=..."
                )
            if equals:
                self.of_class[owner.strip()] = found
            else:
                self.everywhere = found


class Points:
    """The points of one file, until its objects are known.

    Args:
        resolver: decides which labels mean the same class.
        asked: see above.
    """

    def __init__(self, resolver: Resolver, asked: Asked) -> None:
        self._resolver = resolver
        self._asked = asked
        self._found: list[_Point] = []
        self._saying: list[Place] = []

    def take(self, shape: Shape, place: Place) -> bool:
        """Whether a shape may be a keypoint; it is kept then."""
        if shape.shape_type != "point" or shape.group_id is None or len(shape.points) != 1:
            return False
        x, y = shape.points[0]
        if not max(abs(x), abs(y)) <= MAX_COORDINATE:
            return False
        values = x, y, 1.0 if shape.difficult is True else 2.0
        self._found.append(_Point(str(shape.label).strip(), shape.group_id, values, place))
        if any(map(says, (shape.flags, shape.description, shape.score, shape.attributes))):
            self._saying.append(place)
        return True

    def given_to(
        self, instances: Sequence[Instance]
    ) -> Iterator[Finding | Evidence | tuple[Instance, ...]]:
        """What is said, then the instances with their points."""
        owners: dict[GroupId, list[int]] = {}
        for at, instance in enumerate(instances):
            if (group := instance.attributes.get("group_id")) is not None:
                owners.setdefault(group, []).append(at)
        held: dict[int, dict[str, tuple[float, float, float]]] = {}
        for point in self._found:
            at, fault = self._owner(point, owners, instances)
            if not fault and point.name in held.setdefault(at, {}):
                fault = f"{instances[at].label!r} has two keypoints {point.name!r}"
            if fault:
                remedy = "correct the label or the group_id, or delete the point"
                yield code("no-keypoint").at(point.place, f"{fault}: skipped", remedy, lost=1)
            else:
                held[at][point.name] = point.values
        if self._saying:
            first = self._saying[0]
            yield Evidence(_SAYING, [first.file, first.pointer, len(self._saying)])
        classes = {one.label: list[str]() for one in instances}
        for at, points in held.items():
            classes[instances[at].label] += points
        yield Evidence(_CLASSES, [[label, [*dict.fromkeys(own)]] for label, own in classes.items()])
        yield tuple(
            _holding(one, held[at]) if held.get(at) else one for at, one in enumerate(instances)
        )

    def _owner(
        self, point: _Point, owners: Mapping[GroupId, list[int]], instances: Sequence[Instance]
    ) -> tuple[int, str]:
        """(the index of a point's object, what is wrong with it)."""
        found = owners.get(point.group_id, ())
        if len(found) != 1:
            which = "objects" if found else "object"
            number = len(found) or "no"
            return -1, f"a point of group {point.group_id!r}, which has {number} {which}"
        label = instances[found[0]].label
        names = self._order(label)
        if names is not None and point.name not in names:
            return -1, f"{point.name!r} is no keypoint of {label!r}"
        return found[0], ""

    def _order(self, label: str) -> list[str] | None:
        return order_of(self._asked, label, self._resolver)


def order_of(asked: Asked, label: str, resolver: Resolver) -> list[str] | None:
    """The names that are asked for, of a class; None for any."""
    if asked.sorted:
        return None
    meant = resolver.same(label)
    for owner, names in asked.of_class.items():
        if owner == label or (meant is not None and resolver.same(owner) == meant):
            return names
    return asked.everywhere or []


def _holding(instance: Instance, points: Mapping[str, tuple[float, float, float]]) -> Instance:
    own = instance.extra.get("labelme", {}) | {_HELD: {k: [*v] for k, v in points.items()}}
    return msgspec.structs.replace(
        instance, parts=instance.parts + len(points), extra=instance.extra | {"labelme": own}
    )


# All files --------------------------------------------------------------------------------------


def orders(found: Found, asked: Asked, resolver: Resolver) -> Orders:
    """The names of each class that has keypoints, in order, of the evidence of all files."""
    met: Orders = {}
    for classes in found.get(_CLASSES, ()):
        for label, names in classes:
            met.setdefault(_key(label, resolver), []).extend(names)
            met[_key(label, resolver)] = [*dict.fromkeys(met[_key(label, resolver)])]
    return {
        key: order_of(asked, key, resolver) or sorted(names, key=_by_number)
        for key, names in met.items()
        if names
    }


def _by_number(name: str) -> list[tuple[int, str]]:
    """What sorts point_2 before point_10."""
    parts = re.findall(r"\d{1,18}|\D+|\d+", name)
    return [
        (int(part), "") if part.isdecimal() and part.isascii() else (-1, part) for part in parts
    ]


def _key(label: str, resolver: Resolver) -> str:
    return resolver.same(label) or label


def settled(image: Image, known: Orders, resolver: Resolver) -> Image:
    """An image whose objects have their keypoints in order."""
    if not any(_HELD in one.extra.get("labelme", {}) for one in image.instances):
        return image
    instances = []
    for one in image.instances:
        own = dict(one.extra.get("labelme", {}))
        points = own.pop(_HELD, None)
        names = known.get(_key(one.label, resolver), [])
        if isinstance(points, dict):
            flat = [v for name in names for v in points.get(name, (0.0, 0.0, 0.0))]
            extra = {"labelme": own} if own else {}
            one = msgspec.structs.replace(one, keypoints=tuple(map(float, flat)), extra=extra)
        instances.append(one)
    return msgspec.structs.replace(image, instances=tuple(instances))


def header(found: Found, known: Orders, resolver: Resolver) -> Header:
    """The classes, sorted, with their keypoints."""
    labels: dict[str, str] = {}
    for classes in found.get(_CLASSES, ()):
        for label, _ in classes:
            labels.setdefault(_key(label, resolver), label)
    pairs: Iterable[tuple[str, str]] = sorted((label, key) for key, label in labels.items())
    return Header(
        categories=tuple(
            Category(name=label, keypoints=tuple(known.get(key, ()))) for label, key in pairs
        )
    )


def said_more(found: Found) -> Iterator[Finding]:
    """The finding on keypoints with flags and the like."""
    if places := found.get(_SAYING, ()):
        file, pointer, _ = places[0]
        number = sum(count for *_, count in places)
        yield code("keypoint-says-more").at(
            Place(file, pointer),
            f"{plural(number, 'keypoint')} with flags, a description, a score or attributes (this "
            "is the first): only position and visibility are read",
        )
