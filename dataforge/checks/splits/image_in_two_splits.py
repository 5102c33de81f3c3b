"""Images that are listed in two splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.datasets import in_two_splits
from dataforge.findings import Finding


class Check(base.Check):
    """Compares the image names of the splits."""

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        images: dict[str, set[str]] = defaultdict(set)
        for seen in whole.images:
            if seen.split:
                images[seen.split].add(seen.file_name)
        return in_two_splits(images)
