"""Files that list the same classes in another order.

What: one COCO file has its categories in another order than the files before it; or a
``labels.txt``, ``classes.txt`` or ``.names`` file has another order than the dataset's own classes,
or than another such file; or, in a training config, a label's name in CLASSES is not that of the
category that its annotations have. Classes that only one of them has are set aside.

Why: where a class is told by its place in a list, names are swapped: the detector learns cats and
says dogs, and its AP on the other file is near zero. mmdetection 2.x takes a COCO file's categories
in that file's order, whatever the config's ``classes`` say.

Example: train.json has ``cat, dog``, and val.json ``dog, cat``.

Fix: write the files with one list; --labels names the one that counts, and `dataforge coco merge`
unites COCO files by name. In a config, use the dataset class that `dataforge register` makes,
which reads by name.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.classes import LABELME_RESERVED
from dataforge.io import to_utf8
from dataforge.mmconfig import datasets
from dataforge.records import Finding

SEVERITY = "error"
FORMATS = ("coco", "config", "labelme", "voc")

_MAX_BYTES = 2**20


class Check(_base.Check):
    """Compares lists of names that lie beside the annotations; readers compare the rest."""

    def finish(self) -> Iterator[Finding]:
        layout = self.data.layout
        own = [category.name for category in self.data.header.categories]
        own = own or [*(layout.classes or () if layout else ())]
        first, said = own, "the dataset"
        for file in self.data.root.files():
            last = file.rpartition("/")[2]
            if last not in ("labels.txt", "classes.txt") and not last.endswith(".names"):
                continue
            names = self._listed(file)
            if not first:
                first, said = names, file
            common = [name for name in first if name in names]
            if common != [name for name in names if name in first]:
                message = f"has the classes in another order than {said}"
                yield self.finding(file, message, "keep one list", severity="warning")

    def config(self, document: Document) -> Iterator[Finding]:
        """mmdetection's own CocoDataset takes the file's order, whatever ``classes`` says."""
        for dataset in datasets(document.config):
            classes = dataset.classes if dataset.type == "CocoDataset" else None
            found = dataset.annotations() if classes and classes.names else None
            if not found or not classes:
                continue
            own = [name for name in classes.names or () if name in (found.categories or ())]
            order = [name for name in found.categories or () if name in own]
            if own != order:
                yield self.finding(
                    document.name,
                    f"the classes are {', '.join(own)}, but {dataset.values['ann_file']} has its "
                    f"categories in the order {', '.join(order)}, and the labels are its: names "
                    "are swapped",
                    "use the class that `dataforge register` makes, which reads by name",
                    where=dataset.where,
                )

    def _listed(self, file: str) -> list[str]:
        text = to_utf8(self.data.root.read_bytes(file, _MAX_BYTES), file)[0].decode()
        names = (line.strip() for line in text.splitlines())
        return [n for n in dict.fromkeys(names) if n and n not in LABELME_RESERVED]
