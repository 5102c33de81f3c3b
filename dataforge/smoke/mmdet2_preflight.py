"""What can be known about an mmdetection 2.x config before anything is trained."""

from __future__ import annotations

import difflib
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.errors import ParseError
from dataforge.fileio import Root, decode_json, parse_xml
from dataforge.records import Finding
from dataforge.smoke._report import SmokeReport, SplitCount
from dataforge.smoke.mmdet2_model import check_model, quiet

MOST_DECODED = 1000
"""Images of a split that are decoded whole; of more, so many are taken evenly."""

MOST_OUTSIDE = 0.1
"""Share of boxes that may stick out of their images before the set counts as shifted or scaled."""


class MarkedObject(msgspec.Struct, frozen=True):
    """One object as an annotation file has it.

    Attributes:
        name: of its class as the dataset understands it, None where it understands none.
        raw_name: as written.
        box: (x0, y0, x1, y1) pixels, as far as known.
        flag: why mmdet's rules would leave it out or ignore it; empty where they would not.
    """

    name: str | None
    raw_name: str
    box: tuple[float, float, float, float] | None
    flag: str


def preflight(cfg: Any, report: SmokeReport) -> dict[str, Any]:
    """Fill in the report's classes, counts and findings; nothing is raised for bad data.

    Returns:
        Split -> the dataset that mmdet built, for the splits that could be built.
    """
    findings = report.findings
    built: dict[str, Any] = {}
    for split in ("train", "val", "test"):
        if split not in cfg.data:
            findings.append(
                _finding(
                    "no-split",
                    f"data.{split}",
                    "the config has no such split",
                    "train.py evaluates on data.val and test.py on data.test: add it",
                    "error" if split == "train" else "warning",
                )
            )
            continue
        if split == "test" and cfg.data.test == cfg.data.get("val"):
            continue  # nothing new
        findings += _check_split(cfg, split, built, report)
    if "train" not in built:
        return built
    report.classes = list(built["train"].CLASSES)
    for split, dataset in built.items():
        if list(dataset.CLASSES) != report.classes:
            message = f"has the classes {dataset.CLASSES}, but train has {tuple(report.classes)}"
            findings.append(_finding("classes-differ", f"data.{split}", message))
    findings += check_model(cfg, report.classes)
    return built


def _finding(
    code: str, where: str, message: str, remedy: str = "", severity: Any = "error"
) -> Finding:
    return Finding(code=code, severity=severity, file=where, message=message, remedy=remedy)


# Datasets ---------------------------------------------------------------------------------------


def base_configs(config: Any) -> Iterator[Any]:
    """The configs inside RepeatDataset, ConcatDataset and their like."""
    if isinstance(config, list | tuple):
        for item in config:
            yield from base_configs(item)
    elif "dataset" in config:
        yield from base_configs(config["dataset"])
    elif "datasets" in config:
        yield from base_configs(config["datasets"])
    elif isinstance(config.get("ann_file"), list | tuple):
        prefixes = config.get("img_prefix")
        for i, ann_file in enumerate(config["ann_file"]):
            prefix = prefixes[i] if isinstance(prefixes, list | tuple) else prefixes
            yield type(config)({**config, "ann_file": ann_file, "img_prefix": prefix})
    else:
        yield config


def build(config: Any, **overrides: Any) -> Any:
    """A dataset by mmdet's own builder, without its chatter."""
    from mmdet.datasets import build_dataset

    with quiet():
        return build_dataset(type(config)({**config, **overrides}))


def _check_split(
    cfg: Any, split: str, built: dict[str, Any], report: SmokeReport
) -> Iterator[Finding]:
    count = report.counts.setdefault(split, SplitCount())
    strangers: Counter[str] = Counter()
    configs = list(base_configs(cfg.data[split]))
    sound = True
    for config in configs:
        where = f"data.{split} ({config.get('ann_file', config.get('type'))})"
        part = _Part(config, where, split)
        yield from part.findings
        if part.dataset is None or part.whole is None:
            sound = False
            continue
        first = built.setdefault(split, part.dataset)
        if list(part.dataset.CLASSES) != list(first.CLASSES):
            message = f"has the classes {part.dataset.CLASSES}, the part before {first.CLASSES}"
            remedy = "ConcatDataset takes the names of its first part for all"
            yield _finding("classes-differ", where, message, remedy)
            continue
        if not len(part.whole):
            yield _finding(
                "split-empty", where, "lists no image at all", "name the right split file"
            )
            continue
        yield from _check_images(part.whole, where)
        yield from _check_ground_truth(
            part.whole, part.dataset, part.source, where, count, strangers
        )
    if sound and (len(configs) > 1 or configs[0] != cfg.data[split]):
        yield from _check_wrappers(cfg.data[split], split)
    if split in built and count.images:
        yield from _check_classes(built[split].CLASSES, count, strangers, split)


def _check_wrappers(config: Any, split: str) -> Iterator[Finding]:
    """Whether RepeatDataset and its like build around parts that do."""
    try:
        build(config, **({} if split == "train" else {"test_mode": True}))
    except Exception as error:  # noqa: BLE001 - anything may be wrong with a config
        yield _does_not_build(f"data.{split}", error)


def _does_not_build(where: str, error: Exception) -> Finding:
    return _finding(
        "dataset-does-not-build",
        where,
        f"mmdet cannot build it: {type(error).__name__}: {error}",
        "mend what it names; the same would stop the training",
    )


class _Part:
    """One dataset of a split, built as mmdet builds it.

    Attributes:
        findings: what is wrong with it.
        whole: built for evaluation, that is unfiltered; None where it does not build.
        dataset: built as it is used.
        source: the COCO file behind it, if it is one.
    """

    def __init__(self, config: Any, where: str, split: str) -> None:
        self.findings: list[Finding] = []
        self.whole: Any = None
        self.dataset: Any = None
        self.source: CocoSource | None = None
        try:
            text = _classes_as_text(config)
            if text is not None:
                message = f"the classes are the text {text!r}, not a tuple: a comma is missing"
                self.findings.append(
                    _finding("classes-is-text", where, message, f"write ({text!r},)")
                )
                return
            self.whole = build(config, test_mode=True)
            if hasattr(self.whole, "coco"):
                self.source = CocoSource(self.whole.ann_file)
                self.findings += _check_names(self.whole, self.source, where, split)
            if any(finding.severity == "error" for finding in self.findings):
                return
            again = split == "train" and len(self.whole) > 0
            self.dataset = build(config) if again else self.whole
        except Exception as error:  # noqa: BLE001 - dataset classes are other people's
            self.findings.append(_does_not_build(where, error))


def _classes_as_text(config: Any) -> str | None:
    """A `classes` that is text where a tuple was meant; mmdet takes it for a file's name."""
    from mmdet.datasets import DATASETS

    declared = config.get("classes")
    if declared is None:
        declared = getattr(DATASETS.get(config["type"]), "CLASSES", None)
    return declared if isinstance(declared, str) and not Path(declared).is_file() else None


class CocoSource:
    """A COCO file as it is on disk: a dataset class may rewrite what it holds in memory.

    Attributes:
        names: category id -> name.
        annotations: image id -> annotations.
    """

    def __init__(self, ann_file: str) -> None:
        content = decode_json(Path(ann_file).read_bytes(), dict[str, Any], ann_file)
        self.names: dict[Any, str] = {c["id"]: c["name"] for c in content["categories"]}
        self.annotations: dict[Any, list[dict[str, Any]]] = {}
        for annotation in content.get("annotations", []):
            self.annotations.setdefault(annotation["image_id"], []).append(annotation)


def _check_names(dataset: Any, source: CocoSource, where: str, split: str) -> Iterator[Finding]:
    """Whether a COCO dataset's labels mean the categories of the same name."""
    names = source.names
    class_of = getattr(dataset, "class_of", str)
    there = {class_of(name) for name in names.values()}
    missing = [name for name in dataset.CLASSES if name not in there]
    if missing:
        listed = []
        for name in missing[:10]:
            close = difflib.get_close_matches(name, list(names.values()), n=1)
            listed.append(repr(name) + (f" (did you mean {close[0]!r}?)" if close else ""))
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        # A dataset that reads by name may lack a class in a split that is evaluated on.
        by_name = len(dataset.cat_ids) == len(dataset.CLASSES)
        yield _finding(
            "category-missing",
            where,
            f"CLASSES names {', '.join(listed)}{more}, which its categories "
            f"{list(names.values())} do not",
            "give the class and the category one spelling",
            "warning" if by_name and split != "train" else "error",
        )
    if missing:
        return
    for label, id_ in enumerate(dataset.cat_ids):
        name = dataset.CLASSES[label]
        if class_of(names[id_]) != name:
            yield _finding(
                "class-order",
                where,
                f"label {label} is {name!r} in CLASSES, but its annotations are those of "
                f"{names[id_]!r}: the file has its categories in another order, and names "
                "would be swapped",
                "use the class that `dataforge register` makes, which reads by name",
            )


# Images -----------------------------------------------------------------------------------------


def _check_images(dataset: Any, where: str) -> Iterator[Finding]:
    from PIL import Image

    infos = dataset.data_infos
    stride = max(1, -(-len(infos) // MOST_DECODED))
    missing: list[str] = []
    broken: list[str] = []
    other_size: list[str] = []
    for index, info in enumerate(infos):
        path = Path(dataset.img_prefix or "") / info["filename"]
        if not path.is_file():
            missing.append(str(path))
            continue
        try:
            width, height = Root(path.parent).image_size(path.name)
            if index % stride == 0:
                with Image.open(path) as image:
                    image.load()
        except (ParseError, OSError, SyntaxError, ValueError) as error:
            message = error.message if isinstance(error, ParseError) else str(error)
            broken.append(f"{path} ({message})")
            continue
        stated = info.get("width"), info.get("height")
        if stated[0] is None or stated[1] is None:
            other_size.append(f"{path} is {width}x{height}, its annotations name no size")
        elif stated != (width, height):
            ratio = f"{stated[0] / width:g} and {stated[1] / height:g} times as large"
            other_size.append(
                f"{path} is {width}x{height}, its annotations are for "
                f"{stated[0]}x{stated[1]} ({ratio})"
            )
    total = len(infos)
    if stride > 1:
        message = f"every {stride}th of {total} images was decoded whole, of the rest the headers"
        yield _finding("images-sampled", where, message, severity="note")
    for code, what, faulty, remedy in (
        ("image-missing", "images are not there", missing, "restore them, or mend img_prefix"),
        ("unreadable-image", "images cannot be decoded", broken, "replace them"),
        (
            "image-size-differs",
            "images have another size than their annotations say",
            other_size,
            "use the images that the boxes were drawn on",
        ),
    ):
        if faulty:
            message = f"{len(faulty)} of {total} {what}, the first: {faulty[0]}"
            yield _finding(code, where, message, remedy)


# Ground truth -----------------------------------------------------------------------------------


def marked_objects(dataset: Any, source: CocoSource | None, index: int) -> list[MarkedObject]:
    """The objects of one image, read from its annotation file and not through mmdet's rules."""
    info = dataset.data_infos[index]
    class_of = getattr(dataset, "class_of", lambda name: name)
    if source is not None:
        return [
            _coco_object(annotation, info, source.names, class_of, dataset.CLASSES)
            for annotation in source.annotations.get(info["id"], [])
        ]
    if hasattr(dataset, "ann_subdir"):
        # A class that `register` made says how its boxes are counted.
        offsets = getattr(sys.modules[type(dataset).__module__], "OFFSETS", (0.0, 0.0, 0.0, 0.0))
        path = Path(dataset.img_prefix or "") / dataset.ann_subdir / f"{info['id']}.xml"
        element = parse_xml(path.read_bytes(), str(path))
        return [
            _xml_object(item, info, class_of, dataset.CLASSES, offsets)
            for item in element.iter("object")
        ]
    annotation = dataset.get_ann_info(index)  # a class of one's own: what it says is all there is
    return [
        MarkedObject(dataset.CLASSES[label], dataset.CLASSES[label], (x0, y0, x1, y1), "")
        for label, (x0, y0, x1, y1) in zip(
            annotation["labels"], annotation["bboxes"].tolist(), strict=True
        )
    ]


def _coco_object(
    annotation: Mapping[str, Any],
    info: Mapping[str, Any],
    names: Mapping[Any, str],
    class_of: Any,
    classes: Iterable[str],
) -> MarkedObject:
    raw = names.get(annotation.get("category_id"), f"category {annotation.get('category_id')}")
    name = class_of(raw)
    box = None
    flag = "" if name in classes else "of no class"
    values = annotation.get("bbox") or []
    if len(values) == 4:
        x, y, w, h = values
        box = (x, y, x + w, y + h)
        flag = flag or _box_flag(box, info)
    area = annotation.get("area")
    if area is not None and area <= 0:
        flag = flag or "without an area"
    if annotation.get("iscrowd") or annotation.get("ignore"):
        flag = flag or "crowd or ignored"
    return MarkedObject(name if name in classes else None, raw, box, flag)


def _xml_object(
    item: Any,
    info: Mapping[str, Any],
    class_of: Any,
    classes: Iterable[str],
    offsets: tuple[float, float, float, float],
) -> MarkedObject:
    raw = item.findtext("name") or ""
    name = class_of(raw)
    flag = "" if name in classes else "of no class"
    box = None
    try:
        x0, y0, x1, y1 = (
            float(item.findtext(f"bndbox/{tag}")) for tag in ("xmin", "ymin", "xmax", "ymax")
        )
    except (TypeError, ValueError):
        x0 = math.nan
    if not math.isfinite(x0) or not all(map(math.isfinite, (y0, x1, y1))):
        flag = flag or "without a box"
    else:
        a, b, c, d = offsets
        box = (min(x0, x1) + a, min(y0, y1) + b, max(x0, x1) + c, max(y0, y1) + d)
        flag = flag or _box_flag(box, info)
    if (item.findtext("difficult") or "").strip().lower() in ("1", "1.0", "true", "yes"):
        flag = flag or "difficult"
    return MarkedObject(name if name in classes else None, raw, box, flag)


def _box_flag(box: tuple[float, float, float, float], info: Mapping[str, Any]) -> str:
    x0, y0, x1, y1 = box
    if x1 - x0 < 1 or y1 - y0 < 1:
        return "under one pixel"
    if x1 <= 0 or y1 <= 0 or x0 >= info["width"] or y0 >= info["height"]:
        return "outside the image"
    return ""


def _check_ground_truth(
    whole: Any,
    dataset: Any,
    source: CocoSource | None,
    where: str,
    count: SplitCount,
    strangers: Counter[str],
) -> Iterator[Finding]:
    """Count objects in the files and boxes in mmdet, and name what becomes of the difference."""
    kept_index = {info["filename"]: i for i, info in enumerate(dataset.data_infos)}
    marked: Counter[str] = Counter(count.marked)
    kept: Counter[str] = Counter(count.kept)
    dropped: Counter[str] = Counter(count.dropped)
    outside = boxes = 0
    unexplained: list[str] = []
    unreadable: list[str] = []
    for index, info in enumerate(whole.data_infos):
        try:
            objects = marked_objects(whole, source, index)
            annotation = whole.get_ann_info(index)
            if info["filename"] in kept_index:
                annotation = dataset.get_ann_info(kept_index[info["filename"]])
        except Exception as error:  # noqa: BLE001 - so would it stop the training
            unreadable.append(f"{info['filename']} ({type(error).__name__}: {error})")
            continue
        strangers.update(item.raw_name for item in objects if item.name is None)
        marked.update(item.name for item in objects if item.name is not None)
        boxes += len(objects)
        outside += sum(_sticks_out(item, info) for item in objects)
        if info["filename"] not in kept_index:
            small = min(info["width"], info["height"]) < 32
            reason = "in an image under 32 px" if small else "in an image that mmdet filters out"
            dropped[reason] += len(objects)
            continue
        here = Counter(dataset.CLASSES[label] for label in annotation["labels"])
        kept.update(here)
        lost = _attribute(objects, here)
        dropped.update(lost)
        if lost["for no known reason"]:
            unexplained.append(info["filename"])
    count.images += len(whole.data_infos)
    count.images_kept += len(dataset.data_infos)
    count.marked, count.kept, count.dropped = dict(marked), dict(kept), dict(dropped)
    if unreadable:
        yield _finding(
            "annotation-unreadable",
            where,
            f"the annotations of {len(unreadable)} images stop mmdet, the first: {unreadable[0]}",
            "mend them: training would die when it comes to them",
        )
    if unexplained:
        yield _finding(
            "boxes-lost",
            where,
            f"the dataset class leaves out {dropped['for no known reason']} boxes and no rule of "
            f"mmdet's says why, the first in {unexplained[0]}",
            "compare its get_ann_info with the annotation",
        )
    if outside >= 3 and outside > MOST_OUTSIDE * boxes:
        yield _finding(
            "boxes-outside-images",
            where,
            f"{outside} of {boxes} boxes stick out of their images: they belong to images of "
            "another size",
            "use the images that the boxes were drawn on",
        )
    elif outside:
        message = f"{outside} of {boxes} boxes stick out of their images"
        yield _finding("boxes-outside-images", where, message, severity="warning")


def _sticks_out(item: MarkedObject, info: Mapping[str, Any]) -> bool:
    if item.box is None:
        return False
    x0, y0, x1, y1 = item.box
    # Two pixels are rounding; a tenth of the box is not.
    slack_x, slack_y = max(2, 0.1 * (x1 - x0)), max(2, 0.1 * (y1 - y0))
    inside_x = x0 >= -slack_x and x1 <= info["width"] + slack_x
    inside_y = y0 >= -slack_y and y1 <= info["height"] + slack_y
    return not (inside_x and inside_y)


def _attribute(objects: Iterable[MarkedObject], here: Counter[str]) -> Counter[str]:
    """Reason -> number of one image's objects that mmdet does not hand out."""
    lost: Counter[str] = Counter()
    rest = Counter(here)
    flagged = []
    for item in objects:
        if item.name is None:
            lost["of no class"] += 1
        elif item.flag:
            flagged.append(item)
        elif rest[item.name]:
            rest[item.name] -= 1
        else:
            lost["for no known reason"] += 1
    for item in flagged:  # a rule may be switched off: then the box is there after all
        if item.name is not None and rest[item.name]:
            rest[item.name] -= 1
        else:
            lost[item.flag] += 1
    return lost


def _check_classes(
    classes: Iterable[str], count: SplitCount, strangers: Counter[str], split: str
) -> Iterator[Finding]:
    where = f"data.{split}"
    total, left = sum(count.marked.values()), sum(count.kept.values())
    for reason, number in count.dropped.items():
        if reason != "of no class":
            message = f"{number} objects are not used: {reason}"
            yield _finding("boxes-dropped", where, message, severity="warning")
    for name, number in strangers.items():
        message = f"{number} objects are named {name!r}, which is none of the classes"
        yield _finding("unknown-label", where, message, severity="warning")
    if not left:
        why = ", ".join(f"{number} {reason}" for reason, number in count.dropped.items())
        everything = total + strangers.total()
        message = f"no ground truth is left of {everything} objects ({why})"
        remedy = "without boxes nothing can be learnt or measured"
        yield _finding("no-ground-truth", where, message if why else "nothing is marked", remedy)
        return
    for name in classes:
        if count.kept.get(name):
            continue
        close = difflib.get_close_matches(name.lower(), [s.strip().lower() for s in strangers], n=1)
        hint = f"; the data have {close[0]!r}" if close else ""
        yield _finding(
            "class-without-ground-truth",
            where,
            f"no box of the class {name!r} ({count.marked.get(name, 0)} are marked){hint}",
            "check its spelling, or take it out of the classes",
            "error" if split == "train" or close else "warning",
        )
