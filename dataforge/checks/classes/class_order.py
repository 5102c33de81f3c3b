"""Files that list the same classes in a different order."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.classes import LABELME_RESERVED
from dataforge.findings import Finding, Place
from dataforge.io import to_utf8
from dataforge.mmconfig import datasets

_MAX_BYTES = 2**20


class Check(base.Check):
    """Compares lists of names beside the annotations; readers compare the rest."""

    formats = ("coco", "labelme", "voc")

    def finish(self, facts: base.Facts, whole: base.Whole) -> Iterator[Finding]:
        layout = self.data.layout
        own = [category.name for category in whole.header.categories]
        own = own or [*(layout.classes or () if layout else ())]
        first, owner = own, "the dataset"
        for file in self.data.root.files():
            last = file.rpartition("/")[2]
            if last not in ("labels.txt", "classes.txt") and not last.endswith(".names"):
                continue
            names = self._listed(file)
            if not first:
                first, owner = names, file
            common = set(first) & set(names)
            if [name for name in first if name in common] != [
                name for name in names if name in common
            ]:
                message = f"has the classes in a different order than {owner}"
                remedy = "use the same list in all files"
                yield self.finding(Place(file), message, remedy, severity="warning")

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        """mmdetection's own CocoDataset uses the file's order, whatever ``classes`` says."""
        for dataset in datasets(file.config):
            classes = dataset.classes if dataset.type == "CocoDataset" else None
            found = dataset.annotations() if classes and classes.names else None
            if not found or not classes:
                continue
            common = set(classes.names or ()) & set(found.categories or ())
            own = [name for name in classes.names or () if name in common]
            order = [name for name in found.categories or () if name in common]
            if own != order:
                yield self.finding(
                    Place(file.name, dataset.where),
                    f"the classes are {', '.join(own)}, but the categories of "
                    f"{dataset.values['ann_file']} are in the order {', '.join(order)}, which "
                    "decides the labels: names are swapped",
                    "use the class that `dataforge register` generates, which matches by name",
                )

    def _listed(self, file: str) -> list[str]:
        text = to_utf8(self.data.root.read_bytes(file, _MAX_BYTES), file)[0].decode()
        names = (line.strip() for line in text.splitlines())
        return [n for n in dict.fromkeys(names) if n and n not in LABELME_RESERVED]
