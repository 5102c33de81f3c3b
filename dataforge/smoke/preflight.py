"""What can be known about a training config before anything is trained."""

from __future__ import annotations

import difflib
import math
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from dataforge.errors import ParseError, plural
from dataforge.frameworks import BuiltDataset, CocoSource, ImageInfo, Part, TrainingConfig
from dataforge.io import Root, parse_xml
from dataforge.records import Box, Finding
from dataforge.smoke.report import SmokeReport, SplitCount

MOST_DECODED = 1000
"""Images of a split that are decoded whole; of more, so many are taken evenly."""

MOST_OUTSIDE = 0.1
"""Share of boxes that may stick out of their images before the set counts as shifted or scaled."""

SPLITS = ("train", "val", "test")


class MarkedObject(msgspec.Struct, frozen=True):
    """One object as an annotation file has it.

    Attributes:
        name: of its class as the dataset understands it, None where it understands none.
        raw_name: as written.
        box: (x0, y0, x1, y1) pixels, as far as known.
        flag: why a framework's rules would leave it out or ignore it; empty where none would.
    """

    name: str | None
    raw_name: str
    box: Box | None
    flag: str


def preflight(config: TrainingConfig, report: SmokeReport) -> dict[str, BuiltDataset]:
    """Fill in the report's classes, rules, counts and findings; nothing is raised for bad data.

    Returns:
        Split -> its first dataset as it is used, for the splits that could be built.
    """
    findings = report.findings
    report.rules = dict(config.rules)
    built: dict[str, BuiltDataset] = {}
    for split in SPLITS:
        parts = config.parts(split)
        if not parts:
            findings.append(
                _finding(
                    "no-split",
                    config.where(split),
                    "the config has no such split",
                    f"train.py evaluates on {config.where('val')} and test.py on "
                    f"{config.where('test')}: add it",
                    "error" if split == "train" else "warning",
                )
            )
        elif split != "test" or not config.same("test", "val"):
            findings += _Split(config, split, report).check(parts, built)
    if "train" not in built:
        return built
    report.classes = list(built["train"].classes)
    for split, dataset in built.items():
        if list(dataset.classes) != report.classes:
            message = f"has the classes {dataset.classes}, but train has {tuple(report.classes)}"
            findings.append(_finding("classes-differ", config.where(split), message))
    findings += check_model(config, report.classes)
    return built


def _finding(
    code: str, where: str, message: str, remedy: str = "", severity: Any = "error"
) -> Finding:
    return Finding(code=code, severity=severity, file=where, message=message, remedy=remedy)


def check_model(config: TrainingConfig, classes: Iterable[str]) -> Iterator[Finding]:
    """Whether the config's model builds, and every head has as many classes as the dataset.

    The heads are taken from the built model: one whose config says nothing has the framework's
    default number.
    """
    names = list(classes)
    try:
        heads = config.heads()
    except Exception as error:  # noqa: BLE001 - a config may ask for anything
        yield _does_not_build(config, "model", error, "model-does-not-build")
        return
    wanted = len(names) + config.background
    counted = "the background" if config.background else "no background"
    for place, number in heads:
        if number != wanted:
            yield _finding(
                "num-classes",
                place,
                f"num_classes is {number}, but the dataset has {plural(len(names), 'class')} "
                f"({', '.join(names)})",
                f"set it to {wanted}; {config.title} counts {counted}",
            )


def _does_not_build(
    config: TrainingConfig, where: str, error: Exception, code: str = "dataset-does-not-build"
) -> Finding:
    return _finding(
        code,
        where,
        f"{config.title} cannot build it: {type(error).__name__}: {error}",
        "mend what it names; the same would stop the training",
    )


# Datasets ---------------------------------------------------------------------------------------


class _Split:
    """One split of a config, counted over all its parts."""

    def __init__(self, config: TrainingConfig, split: str, report: SmokeReport) -> None:
        self.config = config
        self.split = split
        self.where = config.where(split)
        self.count = report.counts.setdefault(split, SplitCount())
        self.strangers: Counter[str] = Counter()

    def check(self, parts: Iterable[Part], built: dict[str, BuiltDataset]) -> Iterator[Finding]:
        """Look at every part; the first that builds is put into `built`."""
        sound = True
        for part in parts:
            whole, used = yield from self._build(part)
            if whole is None or used is None:
                sound = False
                continue
            first = built.setdefault(self.split, used)
            if used.classes != first.classes:
                message = f"has the classes {used.classes}, the part before {first.classes}"
                remedy = "ConcatDataset takes the names of its first part for all"
                yield _finding("classes-differ", part.where, message, remedy)
            elif not whole.images:
                message = "lists no image at all"
                yield _finding("split-empty", part.where, message, "name the right split file")
            else:
                yield from _check_images(whole, part.where)
                yield from self._check_ground_truth(part, whole, used)
        if sound:
            try:
                self.config.build_wrappers(self.split)
            except Exception as error:  # noqa: BLE001 - anything may be wrong with a config
                yield _does_not_build(self.config, self.where, error)
        if self.split in built and self.count.images:
            yield from self._check_classes(built[self.split].classes)

    def _build(
        self, part: Part
    ) -> Generator[Finding, None, tuple[BuiltDataset | None, BuiltDataset | None]]:
        """The part unfiltered, and as it is used; None where it does not build."""
        whole = used = None
        try:
            text = part.classes_as_text()
            if text is not None:
                message = f"the classes are the text {text!r}, not a tuple: a comma is missing"
                yield _finding("classes-is-text", part.where, message, f"write ({text!r},)")
                return None, None
            whole = part.build(training=False)
            if whole.source is not None:
                findings = list(_check_names(whole, whole.source, part.where, self.split))
                yield from findings
                if any(finding.severity == "error" for finding in findings):
                    return whole, None
            again = self.split == "train" and len(whole.images) > 0
            used = part.build(training=True) if again else whole
        except Exception as error:  # noqa: BLE001 - dataset classes are other people's
            yield _does_not_build(self.config, part.where, error)
        return whole, used

    def _check_ground_truth(
        self, part: Part, whole: BuiltDataset, used: BuiltDataset
    ) -> Iterator[Finding]:
        """Count objects in the files and boxes in the framework, and name what becomes of the
        difference."""
        count = self.count
        kept_index = {image.name: i for i, image in enumerate(used.images)}
        marked: Counter[str] = Counter(count.marked)
        kept: Counter[str] = Counter(count.kept)
        dropped: Counter[str] = Counter(count.dropped)
        outside = boxes = 0
        unexplained: list[str] = []
        unreadable: list[str] = []
        for index, image in enumerate(whole.images):
            try:
                objects = marked_objects(whole, index)
                truth = whole.truth(index)
                if image.name in kept_index:
                    truth = used.truth(kept_index[image.name])
            except Exception as error:  # noqa: BLE001 - so would it stop the training
                unreadable.append(f"{image.name} ({type(error).__name__}: {error})")
                continue
            self.strangers.update(item.raw_name for item in objects if item.name is None)
            marked.update(item.name for item in objects if item.name is not None)
            boxes += len(objects)
            outside += sum(_sticks_out(item, image) for item in objects)
            if image.name not in kept_index:
                small = min(image.width or 0, image.height or 0) < part.min_size
                dropped[
                    f"in an image under {part.min_size} px"
                    if small
                    else f"in an image that {self.config.title} filters out"
                ] += len(objects)
                continue
            here = Counter(used.classes[label] for label in truth.labels)
            kept.update(here)
            lost = _attribute(objects, here)
            dropped.update(lost)
            if lost["for no known reason"]:
                unexplained.append(image.name)
        count.images += len(whole.images)
        count.images_kept += len(used.images)
        count.marked, count.kept, count.dropped = dict(marked), dict(kept), dict(dropped)
        if unreadable:
            yield _finding(
                "annotation-unreadable",
                part.where,
                f"{self.config.title} stops at the annotations of "
                f"{plural(len(unreadable), 'image')}, "
                f"the first: {unreadable[0]}",
                "mend them: training would die when it comes to them",
            )
        if unexplained:
            yield _finding(
                "boxes-lost",
                part.where,
                f"the dataset class leaves out {plural(dropped['for no known reason'], 'box')} and "
                f"no rule of {self.config.title}'s says why, the first in {unexplained[0]}",
                f"compare its {self.config.truth_method} with the annotation",
            )
        if outside >= 3 and outside > MOST_OUTSIDE * boxes:
            yield _finding(
                "boxes-outside-images",
                part.where,
                f"{outside} of {boxes} boxes stick out of their images: they belong to images of "
                "another size",
                "use the images that the boxes were drawn on",
            )
        elif outside:
            message = f"{outside} of {boxes} boxes stick out of their images"
            yield _finding("boxes-outside-images", part.where, message, severity="warning")

    def _check_classes(self, classes: Iterable[str]) -> Iterator[Finding]:
        """Name what is not used, and classes of which nothing is left."""
        count = self.count
        total, left = sum(count.marked.values()), sum(count.kept.values())
        for reason, number in count.dropped.items():
            if reason != "of no class":
                rule = self.config.rules.get(reason, "")
                message = f"{plural(number, 'object')} not used: {reason}{rule and f' ({rule})'}"
                yield _finding("boxes-dropped", self.where, message, severity="warning")
        for name, number in self.strangers.items():
            message = f"{plural(number, 'object')} named {name!r}, which is none of the classes"
            yield _finding("unknown-label", self.where, message, severity="warning")
        if not left:
            why = ", ".join(f"{number} {reason}" for reason, number in count.dropped.items())
            everything = total + self.strangers.total()
            message = f"no ground truth is left of {plural(everything, 'object')} ({why})"
            remedy = "without boxes nothing can be learnt or measured"
            message = message if why else "nothing is marked"
            yield _finding("no-ground-truth", self.where, message, remedy)
            return
        unknown = [name.strip().lower() for name in self.strangers]
        for name in classes:
            if count.kept.get(name):
                continue
            close = difflib.get_close_matches(name.lower(), unknown, n=1)
            hint = f"; the data have {close[0]!r}" if close else ""
            yield _finding(
                "class-without-ground-truth",
                self.where,
                f"no box of the class {name!r} ({count.marked.get(name, 0)} are marked){hint}",
                "check its spelling, or take it out of the classes",
                "error" if self.split == "train" or close else "warning",
            )


def _check_names(
    dataset: BuiltDataset, source: CocoSource, where: str, split: str
) -> Iterator[Finding]:
    """Whether a COCO dataset's labels mean the categories of the same name."""
    names = source.names
    there = {dataset.class_of(name) for name in names.values()}
    missing = [name for name in dataset.classes if name not in there]
    if missing:
        listed = []
        for name in missing[:10]:
            close = difflib.get_close_matches(name, list(names.values()), n=1)
            listed.append(repr(name) + (f" (did you mean {close[0]!r}?)" if close else ""))
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        # A dataset that reads by name may lack a class in a split that is evaluated on.
        by_name = len(dataset.cat_ids) == len(dataset.classes)
        yield _finding(
            "category-missing",
            where,
            f"CLASSES names {', '.join(listed)}{more}, which its categories "
            f"{list(names.values())} do not",
            "give the class and the category one spelling",
            "warning" if by_name and split != "train" else "error",
        )
        return
    for label, id_ in enumerate(dataset.cat_ids):
        name = dataset.classes[label]
        if dataset.class_of(names[id_]) != name:
            yield _finding(
                "class-order",
                where,
                f"label {label} is {name!r} in CLASSES, but its annotations are those of "
                f"{names[id_]!r}: the file has its categories in another order, and names "
                "would be swapped",
                "use the class that `dataforge register` makes, which reads by name",
            )


# Images -----------------------------------------------------------------------------------------


def _check_images(dataset: BuiltDataset, where: str) -> Iterator[Finding]:
    from PIL import Image

    total = len(dataset.images)
    stride = max(1, -(-total // MOST_DECODED))
    missing: list[str] = []
    broken: list[str] = []
    other_size: list[str] = []
    for index, info in enumerate(dataset.images):
        path = info.path
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
        if info.width is None or info.height is None:
            other_size.append(f"{path} is {width}x{height}, its annotations name no size")
        elif (info.width, info.height) != (width, height):
            ratio = f"{info.width / width:g} and {info.height / height:g} times as large"
            other_size.append(
                f"{path} is {width}x{height}, its annotations are for "
                f"{info.width}x{info.height} ({ratio})"
            )
    if stride > 1:
        message = f"every {stride}th of {total} images was decoded whole, of the rest the headers"
        yield _finding("images-sampled", where, message, severity="note")
    for code, what, faulty, remedy in (
        (
            "image-missing",
            "images are not there",
            missing,
            "restore them, or mend where images are looked for",
        ),
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


def marked_objects(dataset: BuiltDataset, index: int) -> list[MarkedObject]:
    """The objects of one image, read from its annotation file and not through any rules."""
    image = dataset.images[index]
    if dataset.source is not None:
        names = dataset.source.names
        annotations = dataset.source.annotations.get(image.id, [])
        return [_coco_object(annotation, image, names, dataset) for annotation in annotations]
    if image.xml is not None:
        element = parse_xml(image.xml.read_bytes(), str(image.xml))
        return [_xml_object(item, image, dataset) for item in element.iter("object")]
    # A class of one's own: what it says is all there is.
    return [
        MarkedObject(dataset.classes[label], dataset.classes[label], box, "")
        for label, box in zip(*dataset.truth(index), strict=True)
    ]


def _coco_object(
    annotation: Mapping[str, Any],
    image: ImageInfo,
    names: Mapping[Any, str],
    dataset: BuiltDataset,
) -> MarkedObject:
    raw = names.get(annotation.get("category_id"), f"category {annotation.get('category_id')}")
    name = dataset.class_of(raw)
    box = None
    flag = "" if name in dataset.classes else "of no class"
    values = annotation.get("bbox") or []
    if len(values) == 4:
        x, y, w, h = values
        box = (x, y, x + w, y + h)
        flag = flag or _box_flag(box, image)
    area = annotation.get("area")
    if area is not None and area <= 0:
        flag = flag or "without an area"
    if annotation.get("iscrowd") or annotation.get("ignore"):
        flag = flag or "crowd or ignored"
    return MarkedObject(name if name in dataset.classes else None, raw, box, flag)


def _xml_object(item: Any, image: ImageInfo, dataset: BuiltDataset) -> MarkedObject:
    raw = item.findtext("name") or ""
    name = dataset.class_of(raw)
    flag = "" if name in dataset.classes else "of no class"
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
        a, b, c, d = dataset.offsets
        box = (min(x0, x1) + a, min(y0, y1) + b, max(x0, x1) + c, max(y0, y1) + d)
        flag = flag or _box_flag(box, image)
    if (item.findtext("difficult") or "").strip().lower() in ("1", "1.0", "true", "yes"):
        flag = flag or "difficult"
    return MarkedObject(name if name in dataset.classes else None, raw, box, flag)


def _box_flag(box: Box, image: ImageInfo) -> str:
    x0, y0, x1, y1 = box
    if x1 - x0 < 1 or y1 - y0 < 1:
        return "under one pixel"
    width, height = image.width or math.inf, image.height or math.inf
    if x1 <= 0 or y1 <= 0 or x0 >= width or y0 >= height:
        return "outside the image"
    return ""


def _sticks_out(item: MarkedObject, image: ImageInfo) -> bool:
    if item.box is None or image.width is None or image.height is None:
        return False
    x0, y0, x1, y1 = item.box
    # Two pixels are rounding; a tenth of the box is not.
    slack_x, slack_y = max(2, 0.1 * (x1 - x0)), max(2, 0.1 * (y1 - y0))
    inside_x = x0 >= -slack_x and x1 <= image.width + slack_x
    inside_y = y0 >= -slack_y and y1 <= image.height + slack_y
    return not (inside_x and inside_y)


def _attribute(objects: Iterable[MarkedObject], here: Counter[str]) -> Counter[str]:
    """Reason -> number of one image's objects that the framework does not hand out."""
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
