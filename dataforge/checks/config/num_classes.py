"""A detection head with the wrong number of classes."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets, type_name

# What mmdetection's NumClassCheckHook ignores.
_OTHERS = ("FusedSemanticHead", "GARPNHead", "RPNHead", "SCNetSemanticHead", "VGG")


class Check(base.Check):
    """Compares each `num_classes` with the classes of the first training set."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        config = file.config
        known = (dataset.classes for dataset in datasets(config, "train"))
        classes = next((found for found in known if found), None)
        classes = None if config.is_open else classes
        for place, part in config.nodes("model") if classes else ():
            number = part.get("num_classes")
            is_number = isinstance(number, int) and not isinstance(number, bool)
            is_other = type_name(part) in _OTHERS or "rpn" in place.rpartition(".")[2]
            if classes and is_number and not is_other and number != classes.number:
                names = f" ({', '.join(classes.names)})" if classes.names else ""
                yield self.finding(
                    Place(file.name, f"{place}.num_classes"),
                    f"num_classes is {number}, but the dataset has {classes.number} classes{names} "
                    f"according to {classes.where}",
                    "set it to the number of classes, or set the classes of the dataset",
                )
