"""Images that mmdetection leaves out of the training.

What: a training set of a config has images without a marked object while ``filter_empty_gt`` is
true, as it is by default in 2.x; or images whose shorter side is under ``min_size``, which in 2.x
is 32 pixels, whatever the config says. They are counted. It is an error where no image is left.

Why: images in which there is nothing to find teach the detector what is none. Small images are
small objects cut out, or thumbnails, and mostly somebody meant to train on them. In 3.x nothing is
left out where there is no ``filter_cfg``.

Example: 120 of 900 images left out of training: nothing is marked there.

Fix: ``filter_empty_gt=False`` keeps images without objects. In 3.x set ``min_size=0``; for 2.x
enlarge the images, or use a class whose `_filter_imgs` keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base as _base
from dataforge.checks.files import Document
from dataforge.errors import plural
from dataforge.mmconfig import Dataset, datasets, inside
from dataforge.records import Finding, Severity

SEVERITY = "warning"

_MMDET2_SIZE = 32  # of _filter_imgs


class Check(_base.Check):
    """Counts what the filters of each training set leave out."""

    def config(self, document: Document) -> Iterator[Finding]:
        for dataset in datasets(document.config, "train"):
            empty, least = _filters(dataset)
            if inside(dataset.values, "test_mode") or not (empty or least):
                continue
            found = dataset.annotations()
            if not found or not found.images:
                continue
            classes = dataset.classes if dataset.is_built_in else None
            wanted = classes.names if classes else None
            small = [image.size is not None and min(image.size) < least for image in found.images]
            bare = [
                not any(wanted is None or box[0] in wanted for box in image.boxes)
                for image in found.images
            ]
            bare = [empty and none and not tiny for none, tiny in zip(bare, small, strict=True)]
            total = len(found.images)
            none_left = sum(small) + sum(bare) == total
            severity: Severity = "error" if none_left else "warning"
            for number, what, remedy in (
                (sum(bare), "with nothing marked", "filter_empty_gt=False keeps them"),
                (sum(small), f"with a side under {least:g} px", "enlarge them, or lower the limit"),
            ):
                if number:
                    message = f"{number:,} of {plural(total, 'image')} {what}: left out of training"
                    yield self.finding(
                        document.name, message, remedy, where=dataset.where, severity=severity
                    )


def _filters(dataset: Dataset) -> tuple[bool, float]:
    """(leaves out what is empty, what is smaller is left out; pixels), as far as that is known."""
    if dataset.generation == 2:
        return dataset.stated("filter_empty_gt", True) is True, _MMDET2_SIZE
    least = inside(dataset.values, "filter_cfg.min_size")
    known = isinstance(least, (int, float))
    return inside(dataset.values, "filter_cfg.filter_empty_gt") is True, least if known else 0
