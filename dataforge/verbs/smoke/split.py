"""One split in a preflight: the content of its files, and what the framework makes of it."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator

import msgspec

from dataforge.errors import did_you_mean, plural
from dataforge.findings import Finding
from dataforge.frameworks import BuiltDataset, CocoSource, Part, TrainingConfig
from dataforge.verbs.smoke.findings import does_not_build, finding
from dataforge.verbs.smoke.images import check_images
from dataforge.verbs.smoke.objects import UNEXPLAINED, attribute, extends_beyond, marked_objects
from dataforge.verbs.smoke.report import SmokeReport, SplitCount

MOST_OUTSIDE = 0.1
"""Share of boxes beyond their images from which the dataset counts as shifted or scaled."""


class _Odd(msgspec.Struct):
    """Problems in one part.

    Attributes:
        boxes: objects in the annotation files.
        outside: how many of them extend beyond their images.
        unreadable: images whose annotations the framework cannot load, and why.
        unexplained: images that lose boxes for no known reason.
    """

    boxes: int = 0
    outside: int = 0
    unreadable: list[str] = []
    unexplained: list[str] = []


class SplitCheck:
    """One split of a config, counted over all its parts.

    Attributes:
        whole: the first part that builds, unfiltered; for pictures.
    """

    def __init__(
        self,
        config: TrainingConfig,
        split: str,
        report: SmokeReport,
        log: Callable[[str], None],
    ) -> None:
        self.config = config
        self.split = split
        self.where = config.where(split)
        self.report = report
        self._log = log
        self.whole: BuiltDataset | None = None
        self.count = report.counts.setdefault(split, SplitCount())
        self.marked: Counter[str] = Counter()
        self.kept: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.strangers: Counter[str] = Counter()

    def check(self, parts: Iterable[Part], built: dict[str, BuiltDataset]) -> Iterator[Finding]:
        """Check every part; the first that builds is put into `built`."""
        sound = True
        for part in parts:
            whole, used = yield from self._build(part)
            self.whole = self.whole or whole
            if whole is None or used is None:
                sound = False
                continue
            first = built.setdefault(self.split, used)
            if used.classes != first.classes:
                message = f"has the classes {used.classes}, the part before {first.classes}"
                remedy = "use the same classes: ConcatDataset uses those of its first part for all"
                yield finding("classes-differ", part.where, message, remedy)
            elif not whole.images:
                message = "lists no images"
                yield finding("split-empty", part.where, message, "use the correct split file")
            else:
                yield from check_images(whole, part.where, self.report.bad_images, self._log)
                yield from self._check_ground_truth(part, whole, used)
        if sound:
            try:
                self.config.build_wrappers(self.split)
            except Exception as error:  # noqa: BLE001 - anything may be wrong with a config
                yield does_not_build(self.config, self.where, error)
        if self.split in built and self.count.images:
            yield from self._check_classes(built[self.split].classes)

    def _build(
        self, part: Part
    ) -> Generator[Finding, None, tuple[BuiltDataset | None, BuiltDataset | None]]:
        """The part unfiltered, and as used; None if it does not build."""
        whole = used = None
        try:
            text = part.classes_as_text()
            if text is not None:
                message = f"the classes are the text {text!r}, not a tuple: a comma is missing"
                yield finding("classes-is-text", part.where, message, f"write ({text!r},)")
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
            yield does_not_build(self.config, part.where, error)
        return whole, used

    def _check_ground_truth(
        self, part: Part, whole: BuiltDataset, used: BuiltDataset
    ) -> Iterator[Finding]:
        """Count objects in the files and boxes in the framework, and explain the difference."""
        odd = self._count(part, whole, used)
        title = self.config.title
        if odd.unreadable:
            yield finding(
                "annotation-unreadable",
                part.where,
                f"{title} cannot load the annotations of {plural(len(odd.unreadable), 'image')}, "
                f"the first: {odd.unreadable[0]}",
                "fix them; training would stop when it reaches them",
            )
        if odd.unexplained:
            yield finding(
                "boxes-lost",
                part.where,
                f"the dataset class drops {plural(self.dropped[UNEXPLAINED], 'box')}, which no "
                f"rule of {title} explains, the first in {odd.unexplained[0]}",
                f"compare its {self.config.truth_method} with the annotation",
            )
        if odd.outside >= 3 and odd.outside > MOST_OUTSIDE * odd.boxes:
            yield finding(
                "boxes-outside-images",
                part.where,
                f"{odd.outside} of {odd.boxes} boxes extend beyond their images: they belong to "
                "images of another size",
                "use the images that the boxes were drawn on",
            )
        elif odd.outside:
            message = f"{odd.outside} of {odd.boxes} boxes extend beyond their images"
            yield finding("boxes-outside-images", part.where, message, severity="warning")

    def _count(self, part: Part, whole: BuiltDataset, used: BuiltDataset) -> _Odd:
        """Add a part's objects to the counts."""
        odd = _Odd()
        kept_index = {image.name: i for i, image in enumerate(used.images)}
        for index, image in enumerate(whole.images):
            kept = kept_index.get(image.name)
            try:
                objects = marked_objects(whole, index)
                truth = whole.truth(index)  # an error in either is reported
                if kept is not None and not (used is whole and kept == index):
                    truth = used.truth(kept)
            except Exception as error:  # noqa: BLE001 - it would also stop the training
                odd.unreadable.append(f"{image.name} ({type(error).__name__}: {error})")
                continue
            self.strangers.update(item.raw_name for item in objects if item.name is None)
            self.marked.update(item.name for item in objects if item.name is not None)
            odd.boxes += len(objects)
            odd.outside += sum(extends_beyond(item, image) for item in objects)
            if kept is None:
                small = min(image.width or 0, image.height or 0) < part.min_size
                reason = (
                    f"in an image under {part.min_size} px"
                    if small
                    else f"in an image that {self.config.title} filters out"
                )
                self.dropped[reason] += len(objects)
                continue
            here = Counter(used.classes[label] for label in truth.labels)
            self.kept.update(here)
            lost = attribute(objects, here)
            self.dropped.update(lost)
            if lost[UNEXPLAINED]:
                odd.unexplained.append(image.name)
        count = self.count
        count.images += len(whole.images)
        count.images_kept += len(used.images)
        count.marked, count.kept = dict(self.marked), dict(self.kept)
        count.dropped = dict(self.dropped)
        return odd

    def _check_classes(self, classes: Iterable[str]) -> Iterator[Finding]:
        """Report objects that are not used, and classes without boxes."""
        count = self.count
        total, left = sum(count.marked.values()), sum(count.kept.values())
        for reason, number in count.dropped.items():
            if reason != "of no class":
                rule = self.config.rules.get(reason, "")
                message = f"{plural(number, 'object')} not used: {reason}{rule and f' ({rule})'}"
                yield finding("boxes-dropped", self.where, message, severity="warning")
        for name, number in self.strangers.items():
            message = f"{plural(number, 'object')} named {name!r}, which is not one of the classes"
            yield finding("unknown-label", self.where, message, severity="warning")
        if not left:
            why = ", ".join(f"{number} {reason}" for reason, number in count.dropped.items())
            everything = total + self.strangers.total()
            message = f"no ground truth left of {plural(everything, 'object')} ({why})"
            remedy = "see the reasons; without boxes nothing is learned or evaluated"
            message = message if why else "no annotations"
            yield finding("no-ground-truth", self.where, message, remedy)
            return
        unknown = [name.strip().lower() for name in self.strangers]
        for name in classes:
            if count.kept.get(name):
                continue
            close = difflib.get_close_matches(name.lower(), unknown, n=1)
            hint = f"; the data has {close[0]!r}" if close else ""
            yield finding(
                "class-without-ground-truth",
                self.where,
                f"no boxes of class {name!r} ({count.marked.get(name, 0)} annotated){hint}",
                "check its spelling, or remove it from the classes",
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
            hint = did_you_mean(name, names.values())
            listed.append(repr(name) + (f" ({hint})" if hint else ""))
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        # A dataset that matches by name may lack a class in an evaluation split.
        by_name = len(dataset.cat_ids) == len(dataset.classes)
        yield finding(
            "category-missing",
            where,
            f"CLASSES names {', '.join(listed)}{more}, which its categories "
            f"{list(names.values())} do not",
            "spell the class and the category the same",
            "warning" if by_name and split != "train" else "error",
        )
        return
    for label, id_ in enumerate(dataset.cat_ids):
        name = dataset.classes[label]
        if dataset.class_of(names[id_]) != name:
            yield finding(
                "class-order",
                where,
                f"label {label} is {name!r} in CLASSES, but its annotations are those of "
                f"{names[id_]!r}: the categories of the file are in a different order, so names "
                "would be swapped",
                "use the class that `dataforge register` generates, which matches by name",
            )
