"""mmdet 3.x: dataset module, dataset fragment and training config, in the classic or lazy style.

The generated code must handle: mmdet 3.3.0 datasets/xml_style.py (image extension, -1 and
path rules hard-coded), datasets/coco.py and evaluation/metrics/coco_metric.py (labels follow the
JSON's category order, in the dataset and again in the metric). mmdet 3.3.0's package holds no lazy
base configs, so a lazy config defines its whole detector.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import msgspec

from dataforge.errors import OutputError
from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.backbone import network_notes
from dataforge.frameworks.base import Framework, Options
from dataforge.frameworks.mm import (
    check_names,
    model_of,
    network_files,
    template_values,
)
from dataforge.frameworks.mm_model import model_name
from dataforge.frameworks.render import planned_files
from dataforge.frameworks.spec import (
    DatasetSpec,
    PlannedFile,
    TrainSpec,
    check_masks,
    palette,
)
from dataforge.mmconfig import BUILT_IN, MMDET3

RESERVED_FOR_METRICS = """
CityScapesDataset CocoOccludedSeparatedDataset CocoVideoDataset DODCocoDataset LVISFixedAPDataset
OVCocoDataset
"""
"""Names for which a generated metric would clash with one of mmdet 3.3.0, such as
OVCocoMetric."""

RESERVED_ALIASES = """
WIDERFace WIDERFaceDataset cityscapes coco coco_panoptic det ilsvrc_det ilsvrc_vid imagenet_det
imagenet_vid lvis lvis_v1 ms_coco mscoco obj365v1 obj365v2 objects365v1 objects365v2 oid_challenge
oid_v6 openimages_challenge openimages_v6 panoptic pascal_voc vid voc voc07 voc12 wider_face
"""
"""Names known to mmdet 3.3.0's `get_classes`."""

_VALIDATION = "mmdet3_validation_loss"
"""Module of the hook that computes losses on the validation set."""


class Mmdet3Options(Options, frozen=True, kw_only=True):
    """Options specific to mmdetection 3.

    Attributes:
        style: style of the config, `classic` (``_base_``) or `lazy` (imports).
    """

    style: Annotated[
        Literal["classic", "lazy"],
        msgspec.Meta(description="Style of the config: classic (_base_) or lazy."),
    ] = "classic"


@dataclass(frozen=True)
class Mmdet3(Framework):
    """mmdetection 3.x, and onedl-mmdetection, its maintained fork under the same import names."""

    options: Mmdet3Options = field(default_factory=Mmdet3Options)

    name = "mmdet3"
    title = "mmdetection 3"
    packages: ClassVar[Mapping[str, str]] = {"mmdet": "3.", "onedl-mmdetection": "3."}
    needs = "mmdet 3.3 with mmcv or mmcv-lite 2.1"
    imports = ("numpy", "cv2", "torch", "pycocotools", "mmengine", "mmcv", "mmdet")
    bases: ClassVar[Mapping[str, float]] = {
        "cascade-rcnn_r50_fpn": 0.02,
        "faster-rcnn_r50_fpn": 0.02,
        "mask-rcnn_r50_fpn": 0.02,
        "retinanet_r50_fpn": 0.01,
    }
    signs = MMDET3
    trainer = "tools/train.py"
    reserved = frozenset(
        BUILT_IN[3] | {*RESERVED_FOR_METRICS.split(), *RESERVED_ALIASES.split(), "get"}
    )
    has_get_classes = True

    def adapter(self) -> Adapter:
        """See `Framework.adapter`."""
        from dataforge.frameworks.mmdet3.smoke import Mmdet3Adapter

        return Mmdet3Adapter()

    def check(self, dataset: DatasetSpec, train: TrainSpec) -> None:
        """Reject what mmdet 3 does not support, before anything is written.

        Raises:
            UsageError: mmdet already uses the name, the base or the backbone is unknown, the base
                requires masks, or a setting does not fit.
            OutputError: mmengine would take a part of a path for a variable.
        """
        for path in (*dataset.paths(), train.weights):
            if "{{" in path or "${" in path:
                # mmengine 0.10.7 config/config.py:685, 729, 769; mmdet utils/replace_cfg_vals.py
                raise OutputError(
                    f"{path}: mmengine takes '{{{{' and '${{' in a config for variables; rename or "
                    "link the folder"
                )
        class_names = BUILT_IN[3] | {*RESERVED_FOR_METRICS.split()}
        check_names(dataset, class_names, RESERVED_ALIASES)
        check_masks(self.detector(train), dataset)
        model_of(self, dataset, train)

    def notes(self, train: TrainSpec) -> tuple[str, ...]:
        """See `Framework.notes`."""
        return network_notes(train)

    def render_files(self, dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
        """The dataset class, the dataset fragment, the training config and its network."""
        values = template_values(self, dataset, train)
        lazy = self.options.style == "lazy"
        values |= {
            "lazy": lazy,
            "palette": palette(len(dataset.classes)),
            "metric": dataset.class_name.removesuffix("Dataset") + "Metric",
            # The metric has no data_root; posixpath keeps an absolute path unchanged.
            "ann_files": {
                name: posixpath.join(dataset.root, split.ann_file)
                for name, split in dataset.splits.items()
            },
            "validation_loss": "",
            "best": "coco/bbox_mAP" if dataset.format == "coco" else "pascal_voc/mAP",
        }
        if train.workflow == "train,val":
            values["validation_loss"] = (
                dataset.class_name.removesuffix("Dataset") + "ValidationLoss"
            )
            values["validation_module"] = f"{dataset.package}.{_VALIDATION}"
            values["imports"].append(values["validation_module"])
        fragment = values["fragment"]
        names = {
            f"{dataset.folder}/mmdet3.py": f"mmdet3/{dataset.format}.py.j2",
            f"{self._folder}/_base_/datasets/{fragment}.py": "mmdet3/dataset_config.py.j2",
            self.config_path(dataset, train): f"mmdet3/{'lazy' if lazy else 'train'}_config.py.j2",
        }
        if train.workflow == "train,val":
            names[f"{dataset.folder}/{_VALIDATION}.py"] = "mmdet3/validation_loss.py.j2"
        return [*planned_files(names, values), *network_files(self, dataset, train)]

    def config_path(self, dataset: DatasetSpec, train: TrainSpec) -> str:
        """The training config, relative to the output folder."""
        name = model_name(self.detector(train), train.backbone)
        return f"{self._folder}/{dataset.key}/{name}_{dataset.key}.py"

    @property
    def _folder(self) -> str:
        return "configs/mmdet3_lazy" if self.options.style == "lazy" else "configs/mmdet3"
