"""A class of the config that is no category of its COCO file.

What: ``CLASSES`` has a name that is not among the names in ``categories``, after aliases.

Why: mmdetection asks the file for the ids of its names and gets fewer than there are classes:
labels after the missing one mean the next class, or all boxes are left out. An AP of 0.000 is the
most common sign.

Example: ``classes=('cat', 'dog')`` and the categories ``Cat`` and ``dog``.

Fix: give the class and the category one spelling.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets
from dataforge.records import Finding

SEVERITY = "error"


class Check(_base.Check):
    """Looks for each class of mmdetection's own CocoDataset; others may have aliases."""

    def config(self, document: Document) -> Iterator[Finding]:
        for dataset in datasets(document.config):
            if dataset.type != "CocoDataset" or not (classes := dataset.classes):
                continue
            found = dataset.annotations()
            categories = (found and found.categories) or []
            missing = [name for name in classes.names or () if name not in categories]
            if found and missing:
                yield self.finding(
                    document.name,
                    f"{', '.join(_named(name, categories) for name in missing)}: no such category "
                    f"in {dataset.values['ann_file']}, which has {', '.join(categories)}",
                    "give the class and the category one spelling",
                    where=dataset.where,
                )


def _named(name: str, categories: list[str]) -> str:
    close = difflib.get_close_matches(name, categories, n=1)
    return repr(name) + (f" (did you mean {close[0]!r}?)" if close else "")
