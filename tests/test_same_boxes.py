"""One dataset, registered for each framework: the same boxes and labels, image by image.

Each framework is asked through what it trains with: its own pipeline, or the dataset's items. The
test of a framework that is not installed is skipped; the list is the same in every environment.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from helpers import picture, write
from smoke_data import register_here

# Image -> (label, (x0, y0, x1, y1)) in the order of the annotations; cat is 0 and dog is 1. Worked
# out by hand from the XML below, whose boxes count pixels from 1 (x0 = xmin - 1, x1 = xmax).
EXPECTED = {
    "a": [(0, (10, 20, 40, 60)), (1, (0, 0, 100, 80))],
    "b": [(1, (9.5, 19.25, 30.5, 40.75)), (0, (9, 19, 30, 40))],
    "c": [],
    "d": [(0, (4, 4, 24, 24)), (1, (89, 69, 120, 90)), (1, (0, 0, 1, 1))],
}
SIZES = {"a": (100, 80), "b": (64, 48), "c": (40, 36), "d": (100, 80)}
FILES = {"a": "a.jpg", "b": "b.png", "c": "c.JPG", "d": "deep/d.jpg"}

# Name, xmin, ymin, xmax, ymax, difficult.
OBJECTS: dict[str, list[tuple[str, float, float, float, float, int]]] = {
    "a": [("cat", 11, 21, 40, 60, 0), ("dog", 1, 1, 100, 80, 0)],
    "b": [
        ("dog", 10.5, 20.25, 30.5, 40.75, 0),
        ("bird", 5, 5, 20, 20, 0),  # of no class
        ("cat", 30, 40, 10, 20, 0),  # drawn from the lower right corner
    ],
    "c": [],
    "d": [
        ("cat", 5, 5, 24, 24, 1),  # difficult objects are kept
        (" dog ", 90, 70, 120, 90, 0),  # sticks out, and is not cut
        ("cat", 201, 10, 240, 60, 0),  # wholly outside
        ("dog", 1, 1, 1, 1, 0),  # one pixel
    ],
}


def voc(root: Path) -> Path:
    """The dataset in a layout that is not quite VOC."""
    for key, file in FILES.items():
        picture(root / "Images" / file, SIZES[key])
        objects = "".join(
            f"<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>"
            f"<xmin>{x0}</xmin><ymin>{y0}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax>"
            "</bndbox></object>"
            for name, x0, y0, x1, y1, difficult in OBJECTS[key]
        )
        width, height = SIZES[key]
        size = f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        xml = (root / "Annotations" / file).with_suffix(".xml")
        write(xml, f"<annotation>{size}{objects}</annotation>")
    for split in ("train", "val"):
        write(root / "ImageSets" / f"{split}.txt", "a\nb\nc\ndeep/d\n")
    return root


def coco(root: Path) -> Path:
    """The same as COCO, with its categories in another order, and what only COCO can say."""
    ids = {"dog": 7, "bird": 3, "cat": 1}
    images, annotations = [], []
    for image_id, (key, file) in enumerate(FILES.items(), 1):
        picture(root / "images" / file, SIZES[key])
        width, height = SIZES[key]
        images.append({"id": image_id, "file_name": file, "width": width, "height": height})
        for name, xa, ya, xb, yb, _ in OBJECTS[key]:
            x0, y0 = min(xa, xb) - 1, min(ya, yb) - 1
            w, h = max(xa, xb) - x0, max(ya, yb) - y0
            annotation = {"image_id": image_id, "category_id": ids[name.strip()]}
            annotations.append({**annotation, "bbox": [x0, y0, w, h], "area": w * h, "iscrowd": 0})
    alone = {"image_id": 3, "category_id": 1, "area": 100, "iscrowd": 0}
    annotations += [
        {**alone, "bbox": [5, 5, 10, 10], "iscrowd": 1},  # evaluated against, not trained on
        {**alone, "bbox": [5, 5, 10, 0.5]},  # under one pixel
        {**alone, "bbox": [5, 5, 10, 10], "area": 0},  # without an area
    ]
    for number, annotation in enumerate(annotations, 1):
        annotation["id"] = number
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": id_, "name": name} for name, id_ in ids.items()],
    }
    for split in ("train", "val"):
        write(root / "annotations" / f"instances_{split}.json", content)
    return root


Seen = dict[str, list[tuple[int, tuple[float, ...]]]]


def key_of(path: str) -> str:
    """The image's letter."""
    return Path(path).stem


def pairs(labels: Any, boxes: Any) -> list[tuple[int, tuple[float, ...]]]:
    """Labels and boxes of one image, side by side."""
    return [(int(a), tuple(b)) for a, b in zip(labels.tolist(), boxes.tolist(), strict=True)]


def by_mmdet2(config: Path) -> Seen:
    """As mmdet 2's LoadAnnotations hands them to the rest of a pipeline."""
    from mmcv import Config
    from mmdet.datasets import build_dataset

    data = Config.fromfile(str(config)).data.train
    data.pipeline = data.pipeline[:2]
    dataset = build_dataset(data)
    items = [dataset[i] for i in range(len(dataset))]
    return {key_of(item["filename"]): pairs(item["gt_labels"], item["gt_bboxes"]) for item in items}


def by_mmdet3(config: Path) -> Seen:
    """As mmdet 3's PackDetInputs hands them to a model."""
    from mmdet.registry import DATASETS
    from mmdet.utils import register_all_modules
    from mmengine.config import Config

    register_all_modules()
    data = Config.fromfile(str(config)).train_dataloader.dataset
    data.pipeline = [step for step in data.pipeline if step.type not in ("Resize", "RandomFlip")]
    dataset = DATASETS.build(data)
    samples = [dataset[i]["data_samples"] for i in range(len(dataset))]
    return {
        key_of(sample.img_path): pairs(
            sample.gt_instances.labels,
            getattr(boxes := sample.gt_instances.bboxes, "tensor", boxes),
        )
        for sample in samples
    }


def by_torchvision(config: Path) -> Seen:
    """As the dataset's items; torchvision counts the background as 0."""
    (package,) = (path.name for path in config.parents[3].glob("python/*_dataset"))
    module = importlib.import_module(f"{package}.torchvision")
    (class_,) = (v for v in vars(module).values() if getattr(v, "__module__", "") == module.__name__
                 and isinstance(v, type))  # fmt: skip
    dataset = class_("train")
    seen = {}
    for i, info in enumerate(dataset.images):
        _, target = dataset[i]
        seen[key_of(info["filename"])] = pairs(target["labels"] - 1, target["boxes"])
    return seen


READERS = {"mmdet2": by_mmdet2, "mmdet3": by_mmdet3, "torchvision": by_torchvision}


def is_installed(framework: str) -> bool:
    """Whether this Python trains with it."""
    package = "torchvision" if framework == "torchvision" else "mmdet"
    try:
        found = version(package)
    except PackageNotFoundError:
        return False
    return package == "torchvision" or found.startswith(framework[-1] + ".")


@pytest.mark.parametrize("kind", [voc, coco])
@pytest.mark.parametrize(
    "framework",
    ["mmdet2", pytest.param("mmdet3", marks=pytest.mark.mmdet3), "torchvision"],
)
def test_every_framework_trains_on_the_same(
    framework: str, kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_installed(framework):
        pytest.skip(f"{framework} is not installed")
    root = kind(tmp_path / "data")
    name = f"Same {kind.__name__} {framework}"
    flags: dict[str, Any] = {"coords": "voc"} if kind is voc else {}
    registered = register_here(
        name, root, tmp_path / "out", framework, flags=flags, labels="cat,dog", unknown="ignore"
    )
    monkeypatch.syspath_prepend(tmp_path / "out" / "python")
    assert READERS[framework](registered.config) == EXPECTED
