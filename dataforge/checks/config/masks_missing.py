"""Masks are loaded from annotations that have none."""

from __future__ import annotations

from collections.abc import Iterator

from dataforge.checks import base
from dataforge.checks.config_file import ConfigFile
from dataforge.findings import Finding, Place
from dataforge.mmconfig import Dataset, datasets, dicts, type_name


class Check(base.Check):
    """Compares the training pipeline with the annotations."""

    def config(self, file: ConfigFile) -> Iterator[Finding]:
        for dataset in datasets(file.config, "train"):
            if not _loads_masks(dataset) or not (dataset.kind and (found := dataset.annotations())):
                continue
            objects = sum(len(image.boxes) for image in found.images)
            outlines = sum(image.outlines for image in found.images)
            if objects and outlines < objects:
                none = "none" if not outlines else f"{objects - outlines:,}"
                message = (
                    f"{none} of {objects:,} objects has an outline"
                    if not outlines
                    else (f"{none} of {objects:,} objects have no outline")
                )
                yield self.finding(
                    Place(file.name, f"{dataset.where}.pipeline"),
                    f"LoadAnnotations loads masks (with_mask=True), but {message}",
                    "train a detector of boxes, or mark outlines",
                )


def _loads_masks(dataset: Dataset) -> bool:
    """Whether a dataset's pipeline loads the masks of its objects."""
    steps = dicts(dataset.values.get("pipeline"), "")
    return any(
        type_name(step) == "LoadAnnotations" and step.get("with_mask") is True for _, step in steps
    )
