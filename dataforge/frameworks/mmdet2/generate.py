"""mmdet 2.x: dataset module, dataset fragment and training config.

The generated code must handle: mmdet 2.28.2 datasets/xml_style.py (image extension, -1
and path rules hard-coded) and datasets/coco.py (labels follow the JSON's category order).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from dataforge.errors import OutputError
from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.backbone import network_notes
from dataforge.frameworks.base import Framework
from dataforge.frameworks.mm import (
    check_names,
    model_of,
    network_files,
    template_values,
)
from dataforge.frameworks.mm_model import model_name
from dataforge.frameworks.render import planned_files
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, check_masks
from dataforge.mmconfig import BUILT_IN, MMDET2

RESERVED_ALIASES = """
WIDERFace WIDERFaceDataset cityscapes coco det ilsvrc_det ilsvrc_vid imagenet_det imagenet_vid
ms_coco mscoco obj365v1 obj365v2 objects365v1 objects365v2 oid_challenge oid_v6
openimages_challenge openimages_v6 pascal_voc vid voc voc07 voc12 wider_face
"""
"""Names known to mmdet 2.28.2's `get_classes`, and those that change `eval_map`'s rules."""


@dataclass(frozen=True)
class Mmdet2(Framework):
    """mmdetection 2.x."""

    name = "mmdet2"
    title = "mmdetection 2"
    packages: ClassVar[Mapping[str, str]] = {"mmdet": "2."}
    needs = "mmdet 2.28 with mmcv-full or mmcv 1.7"
    imports = ("numpy", "cv2", "torch", "pycocotools", "mmcv", "mmdet")
    bases: ClassVar[Mapping[str, float]] = {
        "cascade_rcnn_r50_fpn": 0.02,
        "faster_rcnn_r50_fpn": 0.02,
        "mask_rcnn_r50_fpn": 0.02,
        "retinanet_r50_fpn": 0.01,
    }
    signs = MMDET2
    trainer = "tools/train.py"
    reserved = frozenset(BUILT_IN[2] | {*RESERVED_ALIASES.split(), "get"})
    has_get_classes = True

    def adapter(self) -> Adapter:
        """See `Framework.adapter`."""
        from dataforge.frameworks.mmdet2.smoke import Mmdet2Adapter

        return Mmdet2Adapter()

    def check(self, dataset: DatasetSpec, train: TrainSpec) -> None:
        """Reject what mmdet 2 does not support, before anything is written.

        Raises:
            UsageError: mmdet already uses the name, the base or the backbone is unknown, the base
                requires masks, or a setting does not fit.
            OutputError: mmcv 1.x cannot write a config with this path.
        """
        check_names(dataset, BUILT_IN[2], RESERVED_ALIASES)
        check_masks(self.detector(train), dataset)
        model_of(self, dataset, train)
        for path in (*dataset.paths(), train.weights):
            if any(c in path for c in "'\"\\\n{}"):
                # mmcv 1.7.2 utils/config.py:437 prints a str between quotes without escaping it.
                raise OutputError(
                    f"{path}: mmcv 1.x cannot write a config that holds a path with a quote, brace "
                    "or backslash; rename or link the folder"
                )

    def notes(self, train: TrainSpec) -> tuple[str, ...]:
        """See `Framework.notes`."""
        return network_notes(train)

    def render_files(self, dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
        """The dataset class, the dataset fragment, the training config and its network."""
        values = template_values(self, dataset, train)
        fragment = values["fragment"]
        names = {
            f"{dataset.folder}/mmdet2.py": f"mmdet2/{dataset.format}.py.j2",
            f"configs/mmdet2/_base_/datasets/{fragment}.py": "mmdet2/dataset_config.py.j2",
            self.config_path(dataset, train): "mmdet2/train_config.py.j2",
        }
        return [*planned_files(names, values), *network_files(self, dataset, train)]

    def config_path(self, dataset: DatasetSpec, train: TrainSpec) -> str:
        """The training config, relative to the output folder."""
        name = model_name(self.detector(train), train.backbone)
        return f"configs/mmdet2/{dataset.key}/{name}_{dataset.key}.py"
