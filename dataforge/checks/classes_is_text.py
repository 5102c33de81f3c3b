"""A config whose classes are one text in place of a tuple.

What: ``classes``, or a dataset class's CLASSES, is a text that is no file's name: the comma that
makes a tuple of one name is missing.

Why: mmdetection takes the text for the name of a file with a class a line, or each letter for a
class.

Example: ``classes = ('cat')``.

Fix: write ``('cat',)``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets
from dataforge.records import Finding

SEVERITY = "error"


class Check(_base.Check):
    """Looks at what each dataset of a config is given."""

    def config(self, document: Document) -> Iterator[Finding]:
        for dataset in datasets(document.config):
            where, value = dataset.stated_classes
            if isinstance(value, str) and not os.path.isfile(value):
                yield self.finding(
                    document.name,
                    f"the classes are the text {value!r}, not a tuple: a comma is missing",
                    f"write ({value!r},)",
                    where=where if where.startswith(dataset.where) else f"{dataset.where}, {where}",
                )
