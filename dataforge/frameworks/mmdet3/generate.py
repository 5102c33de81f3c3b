"""mmdet 3.x: dataset module, dataset fragment and training config, in the classic or lazy style.

What the generated code must cope with: mmdet 3.3.0 datasets/xml_style.py (image extension, -1 and
path rules hard-coded), datasets/coco.py and evaluation/metrics/coco_metric.py (labels follow the
JSON's category order, in the dataset and again in the metric). mmdet 3.3.0's package holds no lazy
base configs, so a lazy config says all of its detector.
"""

from __future__ import annotations

import posixpath

from dataforge.errors import UsageError
from dataforge.frameworks.render import render
from dataforge.frameworks.spec import (
    DatasetSpec,
    PlannedFile,
    TrainSpec,
    check_masks,
    find_base,
    palette,
)

BASES = {
    # detector -> its learning rate for 8 GPUs x 2 images in mmdet's own configs
    "cascade-rcnn_r50_fpn": 0.02,
    "faster-rcnn_r50_fpn": 0.02,
    "mask-rcnn_r50_fpn": 0.02,
    "retinanet_r50_fpn": 0.01,
}

RESERVED_CLASSES = """
ADE20KInstanceDataset ADE20KPanopticDataset ADE20KSegDataset BaseDetDataset BaseSegDataset
BaseVideoDataset CityscapesDataset ClassBalancedDataset CocoCaptionDataset CocoDataset
CocoPanopticDataset CocoSegDataset ConcatDataset CrowdHumanDataset DODDataset DSDLDetDataset
DeepFashionDataset Flickr30kDataset LVISV05Dataset LVISV1Dataset MDETRStyleRefCocoDataset
MOTChallengeDataset MultiImageMixDataset ODVGDataset Objects365V1Dataset Objects365V2Dataset
OpenImagesChallengeDataset OpenImagesDataset ReIDDataset RefCocoDataset RepeatDataset V3DetDataset
VOCDataset WIDERFaceDataset XMLDataset YouTubeVISDataset iSAIDDataset
CityScapesDataset CocoOccludedSeparatedDataset CocoVideoDataset DODCocoDataset LVISDataset
LVISFixedAPDataset OVCocoDataset
"""
"""Dataset classes that mmdet 3.3.0 and mmengine 0.10.7 register themselves; the last two lines
for metrics of theirs (LVISMetric), whose names a generated metric would take."""

RESERVED_ALIASES = """
WIDERFace WIDERFaceDataset cityscapes coco coco_panoptic det ilsvrc_det ilsvrc_vid imagenet_det
imagenet_vid lvis lvis_v1 ms_coco mscoco obj365v1 obj365v2 objects365v1 objects365v2 oid_challenge
oid_v6 openimages_challenge openimages_v6 panoptic pascal_voc vid voc voc07 voc12 wider_face
"""
"""Names that mmdet 3.3.0's `get_classes` knows."""


def check(dataset: DatasetSpec, train: TrainSpec) -> None:
    """Refuse what mmdet 3 cannot hold, before anything is written.

    Raises:
        UsageError: the name is mmdet's own, the base unknown, or the base needs masks.
    """
    if dataset.class_name in RESERVED_CLASSES.split():
        raise UsageError(f"mmdet has a {dataset.class_name} of its own: choose another name")
    # "get" would put its classes in the place of mmdet's function get_classes.
    taken = {*RESERVED_ALIASES.split(), "get"} & {*dataset.aliases, dataset.key}
    if taken:
        raise UsageError(f"mmdet knows the name {min(taken)!r} already: choose another one")
    check_masks(find_base(train.base, BASES), dataset)


def render_files(dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
    """The dataset class, the dataset fragment and the training config."""
    base = find_base(train.base, BASES)
    batch = train.gpus * train.samples_per_gpu
    with_mask = _family(train) == "mask"
    coco = dataset.format == "coco"
    fragment = dataset.key + ("_instance" if with_mask else "")
    lazy = train.style == "lazy"
    values = {
        "dataset": dataset,
        "train": train,
        "base": base,
        "family": _family(train),
        "lazy": lazy,
        "palette": palette(len(dataset.classes)),
        "module": module_name(dataset),
        "metric": dataset.class_name.removesuffix("Dataset") + "Metric",
        # The metric knows no data_root; posixpath leaves an absolute path as it is.
        "ann_files": {
            name: posixpath.join(dataset.root, split.ann_file)
            for name, split in dataset.splits.items()
        },
        "best": "coco/bbox_mAP" if coco else "pascal_voc/mAP",
        "batch": batch,
        "base_lr": BASES[base],
        "lr": round(BASES[base] * batch / 16, 10),
        "with_mask": with_mask,
        "fragment": fragment,
    }
    names = {
        f"{dataset.package}/mmdet3.py": f"mmdet3/{dataset.format}.py.j2",
        f"{_folder(train)}/_base_/datasets/{fragment}.py": "mmdet3/dataset_config.py.j2",
        config_path(dataset, train): f"mmdet3/{'lazy' if lazy else 'train'}_config.py.j2",
    }
    return [PlannedFile(path, render(template, **values)) for path, template in names.items()]


def config_path(dataset: DatasetSpec, train: TrainSpec) -> str:
    """The training config, relative to the output folder."""
    base = find_base(train.base, BASES)
    return f"{_folder(train)}/{dataset.key}/{base}_{dataset.key}.py"


def module_name(dataset: DatasetSpec) -> str:
    """What a config imports."""
    return f"{dataset.package}.mmdet3"


def _folder(train: TrainSpec) -> str:
    return "configs/mmdet3_lazy" if train.style == "lazy" else "configs/mmdet3"


def _family(train: TrainSpec) -> str:
    """faster, mask, cascade or retinanet."""
    return find_base(train.base, BASES).split("-")[0].split("_")[0]
