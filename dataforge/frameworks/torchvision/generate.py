"""torchvision: dataset module and training script, by torchvision's own detectors.

What the generated code must cope with: torchvision 0.16 to 0.29; labels begin at 1, degenerate
boxes are refused (models/detection/generalized_rcnn.py), and a backbone is downloaded unless told
not to (models/detection/faster_rcnn.py).
"""

from __future__ import annotations

from dataforge.frameworks.render import render
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, check_masks, find_base

BASES = {
    # detector -> its learning rate for 8 GPUs x 2 images in torchvision's own references
    "fasterrcnn_resnet50_fpn": 0.02,
    "fasterrcnn_resnet50_fpn_v2": 0.02,
    "maskrcnn_resnet50_fpn": 0.02,
    "retinanet_resnet50_fpn": 0.01,
}


def check(dataset: DatasetSpec, train: TrainSpec) -> None:
    """Refuse what torchvision cannot train, before anything is written.

    Raises:
        UsageError: the base is unknown, or needs masks.
    """
    check_masks(find_base(train.base, BASES), dataset)


def render_files(dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
    """The dataset class and the training script."""
    values = {
        "dataset": dataset,
        "train": train,
        "base": find_base(train.base, BASES),
        "bases": {
            name: lr
            for name, lr in BASES.items()
            if dataset.has_masks or not name.startswith("mask")
        },
        "module": module_name(dataset),
    }
    names = {
        f"{dataset.package}/torchvision.py": "torchvision/dataset.py.j2",
        config_path(dataset, train): "torchvision/train.py.j2",
    }
    return [PlannedFile(path, render(template, **values)) for path, template in names.items()]


def config_path(dataset: DatasetSpec, train: TrainSpec) -> str:
    """The training script, relative to the output folder; its options choose the detector."""
    return "train.py"


def module_name(dataset: DatasetSpec) -> str:
    """What the script imports."""
    return f"{dataset.package}.torchvision"
