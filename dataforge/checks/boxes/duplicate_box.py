"""Two objects with the same class and the same box."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import msgspec

from dataforge.checks import base
from dataforge.findings import Edit, Finding
from dataforge.records import Box, Image, Instance


class Check(base.Check):
    """Compares the objects of an image."""

    def image(self, image: Image) -> Iterator[Finding]:
        first: dict[tuple[Hashable, Box], Instance] = {}
        kept: dict[tuple[Hashable, Box], set[bytes]] = {}
        for instance in image.instances:
            label = self.data.resolver.same(instance.label)
            if label is None or instance.iscrowd:
                continue
            key = label, instance.box
            twin = first.setdefault(key, instance)
            if twin is instance:
                continue
            # Objects that differ in anything else are both kept: either may be correct.
            known = kept.setdefault(key, {_content(twin)})
            edits: tuple[Edit, ...] = ()
            if (content := _content(instance)) in known:
                edits = base.dropping(instance)
            else:
                known.add(content)
            message = f"{instance.label!r} has the same class and box as {twin.place.inside}"
            yield self.finding(instance.place, message, "delete one of the two", edits=edits)


def _content(instance: Instance) -> bytes:
    """All but the class and the box; a set of them is searched at once, however many there are."""
    keys = (sorted(instance.attributes.items()), sorted(instance.extra.items()))
    return msgspec.msgpack.encode((instance.shape, instance.difficult, *keys))
