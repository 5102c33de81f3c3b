"""Images that mmdetection excludes from training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.errors import plural
from dataforge.findings import Finding, Place, Severity
from dataforge.mmconfig import Dataset, datasets, inside

_MMDET2_SIZE = 32  # of _filter_imgs
_MOST_NAMES = 5


class Check(base.Check):
    """Counts the images that the filters of each training set exclude."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config, "train"):
            empty, least = _filters(dataset)
            if inside(dataset.values, "test_mode") or not (empty or least):
                continue
            found = dataset.annotations()
            if not found or not found.images:
                continue
            classes = dataset.classes if dataset.is_built_in else None
            wanted = classes.names if classes else None
            small = [image.size is not None and min(image.size) < least for image in found.images]
            left = [image for image, tiny in zip(found.images, small, strict=True) if not tiny]
            bare = sum(empty and not image.boxes for image in left)
            others = [
                image.boxes
                for image in left
                if empty and image.boxes and wanted is not None
                if not any(box[0] in wanted for box in image.boxes)
            ]
            names = Counter(str(box[0]) for boxes in others for box in boxes)
            listed = ", ".join(f"{name!r}" for name, _ in names.most_common(_MOST_NAMES))
            total = len(found.images)
            none_left = sum(small) + bare + len(others) == total
            severity: Severity = "error" if none_left else "warning"
            for number, what, remedy in (
                (bare, "without annotations", "to keep them, set filter_empty_gt=False"),
                (
                    len(others),
                    f"with objects of other names alone ({listed})",
                    "correct the classes if they mean these names; to keep the images, set "
                    "filter_empty_gt=False",
                ),
                (sum(small), f"with a side under {least:g} px", "enlarge them, or lower the limit"),
            ):
                if number:
                    message = (
                        f"{number:,} of {plural(total, 'image')} {what}: excluded from training"
                    )
                    yield self.finding(
                        Place(file.name, dataset.where), message, remedy, severity=severity
                    )


def _filters(dataset: Dataset) -> tuple[bool, float]:
    """(whether empty images are excluded, minimum side in pixels), as far as known."""
    if dataset.generation == 2:
        return dataset.stated("filter_empty_gt", True) is True, _MMDET2_SIZE
    least = inside(dataset.values, "filter_cfg.min_size")
    known = isinstance(least, (int, float))
    return inside(dataset.values, "filter_cfg.filter_empty_gt") is True, least if known else 0
