"""Two objects with the same class and the same box."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from dataforge.checks import base
from dataforge.findings import Edit, Finding
from dataforge.records import Box, Image, Instance


class Check(base.Check):
    """Compares the objects of an image."""

    def image(self, image: Image) -> Iterator[Finding]:
        first: dict[tuple[Hashable, Box], Instance] = {}
        kept: dict[tuple[Hashable, Box], list[tuple[Any, ...]]] = {}
        for instance in image.instances:
            label = self.data.resolver.same(instance.label)
            if label is None or instance.iscrowd:
                continue
            key = label, instance.box
            twin = first.setdefault(key, instance)
            if twin is instance:
                continue
            # Objects that differ in anything else are both kept: either may be correct.
            known = kept.setdefault(key, [_content(twin)])
            edits: tuple[Edit, ...] = ()
            if (content := _content(instance)) in known:
                edits = base.dropping(instance)
            else:
                known.append(content)
            message = f"{instance.label!r} has the same class and box as {twin.place.inside}"
            yield self.finding(instance.place, message, "delete one of the two", edits=edits)


def _content(instance: Instance) -> tuple[Any, ...]:
    return instance.shape, instance.difficult, instance.attributes, instance.extra
