"""A head of a model that has another number of classes than the dataset.

What: ``num_classes`` of a part of the model differs from the number of CLASSES. `check` compares
each one that the config states, and of CocoDataset and VOCDataset without ``classes`` it knows that
they have 80 and 20; `smoke` asks the built model, in which a head that says nothing has 80.

Why: mmdetection stops at the first epoch, or, where the head has more, trains outputs that are
never right.

Example: num_classes is 80, but the dataset has 3 classes.

Fix: set it to the number of classes; mmdetection counts no background.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets, type_name
from dataforge.records import Finding

SEVERITY = "error"

# What mmdetection's NumClassCheckHook passes over.
_OTHERS = ("FusedSemanticHead", "GARPNHead", "RPNHead", "SCNetSemanticHead", "VGG")


class Check(_base.Check):
    """Compares each stated number with the classes of the first training set."""

    def config(self, document: Document) -> Iterator[Finding]:
        config = document.config
        known = (dataset.classes for dataset in datasets(config, "train"))
        classes = next((found for found in known if found), None)
        for place, part in config.nodes("model") if classes else ():
            number = part.get("num_classes")
            told = isinstance(number, int) and not isinstance(number, bool)
            aside = type_name(part) in _OTHERS or "rpn" in place.rpartition(".")[2]
            if classes and told and not aside and number != classes.number:
                names = f" ({', '.join(classes.names)})" if classes.names else ""
                yield self.finding(
                    document.name,
                    f"num_classes is {number}, but the dataset has {classes.number} classes{names} "
                    f"by {classes.where}",
                    "set it to the number of classes, or give the dataset its classes",
                    where=f"{place}.num_classes",
                )
