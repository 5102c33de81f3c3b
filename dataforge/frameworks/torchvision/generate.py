"""torchvision: dataset module and training script, using torchvision's own detectors.

The generated code must handle torchvision 0.16 to 0.29: labels begin at 1, degenerate boxes are
rejected (models/detection/generalized_rcnn.py), and backbone weights are downloaded unless disabled
(models/detection/faster_rcnn.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.base import Framework
from dataforge.frameworks.render import planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, check_masks
from dataforge.mmconfig import Signs


@dataclass(frozen=True)
class Torchvision(Framework):
    """torchvision's own detectors, trained by a generated script."""

    name = "torchvision"
    title = "torchvision"
    packages: ClassVar[Mapping[str, str]] = {"torchvision": ""}
    needs = "torchvision 0.16 or later"
    imports = ("torch", "torchvision", "pycocotools")
    bases: ClassVar[Mapping[str, float]] = {
        "fasterrcnn_resnet50_fpn": 0.02,
        "fasterrcnn_resnet50_fpn_v2": 0.02,
        "maskrcnn_resnet50_fpn": 0.02,
        "retinanet_resnet50_fpn": 0.01,
    }
    signs = Signs(imports=frozenset({"torchvision"}))

    def adapter(self) -> Adapter:
        """See `Framework.adapter`."""
        from dataforge.frameworks.torchvision.smoke import TorchvisionAdapter

        return TorchvisionAdapter()

    def check(self, dataset: DatasetSpec, train: TrainSpec) -> None:
        """Reject what torchvision cannot train, before anything is written.

        Raises:
            UsageError: the base is unknown, or requires masks.
        """
        check_masks(self.detector(train), dataset)

    def render_files(self, dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
        """The dataset class and the training script."""
        values = {
            "dataset": dataset,
            "train": train,
            "base": self.detector(train),
            "bases": {
                name: lr
                for name, lr in self.bases.items()
                if dataset.has_masks or not name.startswith("mask")
            },
            "module": self.module_name(dataset),
        }
        names = {
            f"{dataset.folder}/torchvision.py": "torchvision/dataset.py.j2",
            self.config_path(dataset, train): "torchvision/train.py.j2",
        }
        return planned_files(names, values)

    def config_path(self, dataset: DatasetSpec, train: TrainSpec) -> str:
        """The training script, relative to the output folder; its options choose the detector.

        It is alone in its folder, which is the first that Python searches for what it imports.
        """
        return f"configs/torchvision/{dataset.key}/train.py"
