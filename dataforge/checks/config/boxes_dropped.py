"""Objects that mmdetection does not train on, with the rule that drops them."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import datasets, inside


class Check(base.Check):
    """Counts the boxes of XML datasets below the minimum size that a config sets."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config, "train"):
            key = "min_size" if dataset.generation == 2 else "filter_cfg.bbox_min_size"
            least = inside(dataset.values, key)
            if not dataset.is_xml or not isinstance(least, (int, float)) or least <= 0:
                continue
            found = dataset.annotations()
            if file.config.is_stock and not found:
                continue
            sides = [min(box[1:]) for image in found.images for box in image.boxes] if found else []
            small = sum(side < least for side in sides)
            if found and not small:
                continue
            counted = f": {small:,} of {len(sides):,}" if found else ""
            yield self.finding(
                Place(file.name, f"{dataset.where}.{key}"),
                f"objects with a side under {least:g} px are not trained on{counted}",
                "to train on small objects, remove the setting; in 3.x with "
                "filter_cfg=dict(_delete_=True, ...)",
            )
