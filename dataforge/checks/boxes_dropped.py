"""Objects that mmdetection does not train on, and by which rule.

What: objects of a split are marked and not handed out: they are crowds, difficult, under one pixel,
outside their image, or in an image that is filtered out. `smoke` counts them by reason. `check`
tells of one reason, which mmdetection 3's base voc0712.py brings with it: ``bbox_min_size``, and in
2.x ``min_size``, of XML sets.

Why: it is mostly right, and mostly unknown. A large number says that something is wrong: sizes,
flags, or images under 32 pixels.

Example: 310 objects not used: difficult.

Fix: none, if the rule is what you want; else correct the flags, or the filter in the config.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.mmconfig import datasets, inside
from dataforge.records import Finding

SEVERITY = "warning"


class Check(_base.Check):
    """Counts the boxes of XML sets under the least size that a config asks for."""

    def config(self, document: Document) -> Iterator[Finding]:
        for dataset in datasets(document.config, "train"):
            key = "min_size" if dataset.generation == 2 else "filter_cfg.bbox_min_size"
            least = inside(dataset.values, key)
            if not dataset.is_xml or not isinstance(least, (int, float)) or least <= 0:
                continue
            found = dataset.annotations()
            sides = [min(box[1:]) for image in found.images for box in image.boxes] if found else []
            small = sum(side < least for side in sides)
            if found and not small:
                continue
            counted = f": {small:,} of {len(sides):,}" if found else ""
            yield self.finding(
                document.name,
                f"objects with a side under {least:g} px are not trained on{counted}",
                "take the setting out, in 3.x by filter_cfg=dict(_delete_=True, ...), if small "
                "objects are wanted",
                where=f"{dataset.where}.{key}",
            )
