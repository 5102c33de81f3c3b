"""Generated dataset classes as a training process meets them: imported, configured, built.

mmdet's registry, its `get_classes` and `sys.modules` live as long as the test run, so every
dataset here gets a name of its own.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dataforge.codegen import mmdet2
from dataforge.codegen.spec import DatasetSpec, PlannedFile, SplitSpec, TrainSpec
from dataforge.fileio import write_text
from dataforge.register import Plan, Request, plan

_numbers = itertools.count(1)


def unique(name: str = "Made") -> str:
    """A dataset's name that no other test has."""
    return f"{name}{next(_numbers)}"


def spec(name: str, **changes: Any) -> DatasetSpec:
    """A VOC dataset of two classes, written by hand."""
    key = name.lower()
    fields: dict[str, Any] = {
        "name": name,
        "class_name": f"{name}Dataset",
        "key": key,
        "package": f"{key}_dataset",
        "aliases": (key, name),
        "format": "voc",
        "root": "/data/set",
        "classes": ("cat", "dog"),
        "spellings": {"cat": "cat", "dog": "dog"},
        "ignore_case": False,
        "splits": {
            use: SplitSpec(ann_file=f"{use}.txt", images="Images", annotations="Annotations")
            for use in ("train", "val", "test")
        },
        "extensions": (".jpg", ".png"),
        **changes,
    }
    return DatasetSpec(**fields)


def write_files(folder: Path, files: Iterable[PlannedFile], patch: pytest.MonkeyPatch) -> None:
    """The planned files below a folder, their packages importable until the test ends."""
    for file in files:
        write_text(folder / file.path, file.text)
    patch.syspath_prepend(folder)


class Made:
    """A registered dataset: its plan, its config as mmcv reads it, its module."""

    def __init__(self, planned: Plan, patch: pytest.MonkeyPatch) -> None:
        from mmcv import Config

        self.plan = planned
        write_files(planned.out, planned.files, patch)
        self.config = Config.fromfile(str(planned.out / planned.config))
        self.module: ModuleType = importlib.import_module(planned.module)

    def dataset(self, use: str = "train", **changes: Any) -> Any:
        """The dataset that mmdet builds; `train` in train mode, the others in test mode."""
        from mmdet.datasets import build_dataset

        test_mode = {} if use == "train" else {"test_mode": True}
        return build_dataset({**self.config.data[use], **changes}, test_mode)

    def boxes(self, use: str = "train", **changes: Any) -> list[list[list[float]]]:
        """The boxes of every image, in the order of the dataset."""
        dataset = self.dataset(use, **changes)
        return [dataset.get_ann_info(i)["bboxes"].tolist() for i in range(len(dataset))]


def made(
    folder: Path,
    patch: pytest.MonkeyPatch,
    *,
    name: str = "",
    split: str | None = None,
    also_known_as: tuple[str, ...] = (),
    layout: str | None = None,
    **flags: Any,
) -> Made:
    """Plan a folder's registration, write it beside the folder, and read its config."""
    request = Request(
        name=name or unique(),
        root=str(folder),
        layout=layout,
        flags=flags,
        split=split,
        also_known_as=also_known_as,
        out=str(folder.parent / f"{folder.name}_registered"),
    )
    return Made(plan(request), patch)


def truth(dataset: Any) -> list[list[np.ndarray[Any, Any]]]:
    """Detections that are the ground truth itself, each with a score of 1."""
    results = []
    for i in range(len(dataset)):
        annotation = dataset.get_ann_info(i)
        scored = np.hstack([annotation["bboxes"], np.ones((len(annotation["bboxes"]), 1))])
        results.append(
            [
                scored[annotation["labels"] == label].astype(np.float32)
                for label in range(len(dataset.CLASSES))
            ]
        )
    return results


def render(dataset: DatasetSpec, **train: Any) -> dict[str, str]:
    """Path -> text of what is generated for mmdet 2."""
    options = TrainSpec(**train)
    mmdet2.check(dataset, options)
    return {file.path: file.text for file in mmdet2.render_files(dataset, options)}
