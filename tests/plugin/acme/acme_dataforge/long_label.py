"""A label of more than one word; its page is long-label.md."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge import checks
from dataforge.findings import Edit, Finding, Set
from dataforge.records import Image

GROUP = "acme"


class Check(checks.Check):
    """Looks at each label."""

    formats = ("acme",)

    def image(self, image: Image) -> Iterator[Finding]:
        for instance in image.instances:
            if " " in instance.label:
                edit = Edit(instance.place, Set({"label": instance.label.replace(" ", "-")}))
                yield self.finding(
                    instance.place, f"{instance.label!r}", "join the words", edits=[edit]
                )
