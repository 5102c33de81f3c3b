"""Images whose names differ only in case or extension."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.findings import Finding, Place
from dataforge.io import is_image, stem


class Check(base.Check):
    """Compares the names of the annotated images with those of all images in the folder."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        known = {seen.file_name for seen in whole.images}
        there = {name for name in self.data.image_root.files() if is_image(name)}
        groups: dict[str, list[str]] = defaultdict(list)
        for name in sorted(known | there):
            groups[stem(name).casefold()].append(name)
        for first, *rest in groups.values():
            for name in rest:
                # Two images outside the dataset do no harm.
                if {first, name} & known:
                    message = f"differs from {first} only in {_difference(first, name)}"
                    yield self.finding(Place(name), message, "rename one of the two")


def _difference(one: str, other: str) -> str:
    if one.casefold() == other.casefold():
        return "case"
    return "extension" if stem(one) == stem(other) else "extension and case"
