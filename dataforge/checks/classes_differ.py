"""Splits of a config that have other classes than train.

What: the datasets of train, val and test, or the parts of a ConcatDataset, have different CLASSES,
or the same in another order.

Why: labels are numbers: 1 is a dog in the one and a cat in the other. The detector is evaluated, or
even taught, on swapped names.

Example: ``classes`` is set in ``data.train`` and forgotten in ``data.val``.

Fix: write ``classes`` once and use it in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import Classes, datasets
from dataforge.records import Finding

SEVERITY = "error"


class Check(_base.Check):
    """Compares the datasets of a config with its first one."""

    def config(self, document: Document) -> Iterator[Finding]:
        first = None
        for dataset in datasets(document.config):
            classes = dataset.classes
            if first is None or classes is None:
                first = first or classes
                continue
            differ = first.number != classes.number or (
                first.names and classes.names and first.names != classes.names
            )
            if differ:
                yield self.finding(
                    document.name,
                    f"has the classes {_shown(classes)}, but train has {_shown(first)}",
                    "write the classes once, and use them in all splits",
                    where=dataset.where,
                )


def _shown(classes: Classes) -> str:
    if classes.names is None:
        return f"of {classes.where}: {classes.number} of them"
    return f"({', '.join(classes.names)})"
