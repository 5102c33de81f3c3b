"""mmdet 2.x: dataset module, dataset fragment and training config.

What the generated code must cope with: mmdet 2.28.2 datasets/xml_style.py (image extension, -1
and path rules hard-coded) and datasets/coco.py (labels follow the JSON's category order).
"""

from __future__ import annotations

from dataforge.errors import OutputError, UsageError
from dataforge.frameworks.render import render
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, check_masks, find_base

BASES = {
    # detector -> its learning rate for 8 GPUs x 2 images in mmdet's own configs
    "cascade_rcnn_r50_fpn": 0.02,
    "faster_rcnn_r50_fpn": 0.02,
    "mask_rcnn_r50_fpn": 0.02,
    "retinanet_r50_fpn": 0.01,
}

RESERVED_CLASSES = """
CityscapesDataset ClassBalancedDataset CocoDataset CocoPanopticDataset ConcatDataset CustomDataset
DeepFashionDataset LVISDataset LVISV05Dataset LVISV1Dataset MultiImageMixDataset
Objects365V1Dataset Objects365V2Dataset OccludedSeparatedCocoDataset OpenImagesChallengeDataset
OpenImagesDataset RepeatDataset VOCDataset WIDERFaceDataset XMLDataset
"""
"""Dataset classes that mmdet 2.28.2 registers itself."""

RESERVED_ALIASES = """
WIDERFace WIDERFaceDataset cityscapes coco det ilsvrc_det ilsvrc_vid imagenet_det imagenet_vid
ms_coco mscoco obj365v1 obj365v2 objects365v1 objects365v2 oid_challenge oid_v6
openimages_challenge openimages_v6 pascal_voc vid voc voc07 voc12 wider_face
"""
"""Names that mmdet 2.28.2's `get_classes` knows, and those that switch `eval_map`'s rules."""


def check(dataset: DatasetSpec, train: TrainSpec) -> None:
    """Refuse what mmdet 2 cannot hold, before anything is written.

    Raises:
        UsageError: the name is mmdet's own, the base unknown, or the base needs masks.
        OutputError: mmcv 1.x could not dump a config with this path.
    """
    if dataset.class_name in RESERVED_CLASSES.split():
        raise UsageError(f"mmdet has a {dataset.class_name} of its own: choose another name")
    # "get" would put its classes in the place of mmdet's function get_classes.
    taken = {*RESERVED_ALIASES.split(), "get"} & {*dataset.aliases, dataset.key}
    if taken:
        raise UsageError(f"mmdet knows the name {min(taken)!r} already: choose another one")
    check_masks(find_base(train.base, BASES), dataset)
    splits = dataset.splits.values()
    paths = [path for split in splits for path in (split.ann_file, split.images, split.annotations)]
    for path in (dataset.root, *paths):
        if any(c in path for c in "'\"\\\n{}"):
            # mmcv 1.7.2 utils/config.py:437 prints a str between quotes without escaping it.
            raise OutputError(
                f"{path}: mmcv 1.x cannot write a config that holds a path with a quote, brace or "
                "backslash; rename or link the folder"
            )


def render_files(dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
    """The dataset class, the dataset fragment and the training config.

    Several training configs of one dataset share the class and the fragment: the only thing that a
    fragment depends on, apart from the dataset, is whether it loads masks, which its name says.
    """
    base = find_base(train.base, BASES)
    batch = train.gpus * train.samples_per_gpu
    with_mask = base.startswith("mask")
    values = {
        "dataset": dataset,
        "train": train,
        "base": base,
        "module": module_name(dataset),
        "batch": batch,
        "base_lr": BASES[base],
        "lr": round(BASES[base] * batch / 16, 10),
        "with_mask": with_mask,
        "fragment": dataset.key + ("_instance" if with_mask else ""),
    }
    names = {
        f"{dataset.package}/mmdet2.py": f"mmdet2/{dataset.format}.py.j2",
        f"configs/mmdet2/_base_/datasets/{values['fragment']}.py": "mmdet2/dataset_config.py.j2",
        config_path(dataset, train): "mmdet2/train_config.py.j2",
    }
    return [PlannedFile(path, render(template, **values)) for path, template in names.items()]


def config_path(dataset: DatasetSpec, train: TrainSpec) -> str:
    """The training config, relative to the output folder."""
    return f"configs/mmdet2/{dataset.key}/{find_base(train.base, BASES)}_{dataset.key}.py"


def module_name(dataset: DatasetSpec) -> str:
    """What a config imports."""
    return f"{dataset.package}.mmdet2"
