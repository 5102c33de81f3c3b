"""Counts what a writer cannot carry, so that it is reported once, with a count and a place.

A writer names its losses in a table; each shard counts its own, and the counts are merged in order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from dataforge.classes import sorted_names
from dataforge.codes import code
from dataforge.errors import first_of, plural
from dataforge.findings import Finding, Place, Severity
from dataforge.records import Extra, Header, Image, Instance


class Loss(msgspec.Struct, frozen=True):
    """A kind of thing that a format cannot hold.

    Attributes:
        code: of the finding.
        noun: what is counted.
        message: what follows the number and the noun; ``{names}`` are those given to `Losses.add`.
        remedy: of the finding.
        severity: of the finding, if not the code's usual one.
    """

    code: str
    noun: str
    message: str
    remedy: str = ""
    severity: Severity | None = None


class LossCount(msgspec.Struct):
    """The number of losses of one kind, and where the first one is.

    Attributes:
        place: of the first.
        in_image: whether the place is in an image rather than the output as a whole.
        count: number of losses.
        lost: number of shapes that do not reach the output because of it.
        names: of what is not carried, in the order they were found.
    """

    place: Place
    in_image: bool
    count: int = 0
    lost: int = 0
    names: dict[str, None] = {}


class LeftOut:
    """Counts the instances that are not written.

    Attributes:
        counts: split -> class -> number.
        split: of the image at hand.
    """

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        self.split = ""

    def add(self, *instances: Instance) -> None:
        """Count instances of the image at hand."""
        self.count(self.split, (instance.label for instance in instances))

    def count(self, split: str, labels: Iterable[str]) -> None:
        """Count instances of a split by their labels."""
        of_split = self.counts.setdefault(split, {})
        for label in labels:
            of_split[label] = of_split.get(label, 0) + 1


def merge_left_out(
    counts: dict[str, dict[str, int]], later: Mapping[str, Mapping[str, int]]
) -> None:
    """Add the counts of `LeftOut` of a shard to those of others."""
    for split, classes in later.items():
        of_split = counts.setdefault(split, {})
        for name, number in classes.items():
            of_split[name] = of_split.get(name, 0) + number


def place_of(image: Image, instance: Instance | None = None) -> Place:
    """The place of a loss: of the instance, else the image, else the name of the image.

    Args:
        image: as read, or made without a place.
        instance: one of its instances, if the loss is about it.
    """
    if instance is not None and instance.place.file:
        return instance.place
    return image.place if image.place.file else Place(image.file_name)


def merge_losses(counts: dict[str, LossCount], later: Mapping[str, LossCount]) -> None:
    """Add the counts of a shard to those of the shards before it."""
    for kind, other in later.items():
        count = counts.setdefault(kind, LossCount(other.place, other.in_image))
        count.count += other.count
        count.lost += other.lost
        count.names.update(other.names)


class Losses:
    """Counts of all kinds of losses of one writer.

    Args:
        kinds: name -> kind, in the order in which they are reported.
        counts: of a whole dataset, to report them.
    """

    def __init__(
        self, kinds: Mapping[str, Loss], counts: Mapping[str, LossCount] | None = None
    ) -> None:
        self.kinds = kinds
        self.counts = dict(counts or {})

    def add(
        self, kind: str, place: Place, *, names: Iterable[str] = (), lost: int = 0,
        in_image: bool = True,
    ) -> None:  # fmt: skip
        """Count one loss.

        Args:
            kind: key of `kinds`.
            place: of an image or object; of the output for the whole dataset.
            names: of what is not carried.
            lost: number of shapes that do not reach the output because of it.
            in_image: False if the place is the output.
        """
        count = self.counts.get(kind)
        if count is None:
            count = self.counts[kind] = LossCount(place, in_image)
        count.count += 1
        count.lost += lost
        if names:
            count.names.update(dict.fromkeys(names))

    def findings(self) -> Iterator[Finding]:
        """One finding for each kind that occurred."""
        for name, kind in self.kinds.items():
            if count := self.counts.get(name):
                message = kind.message.format(names=first_of(count.names))
                yield code(kind.code).at(
                    count.place,
                    f"{plural(count.count, kind.noun)} {message}"
                    + ("; this is the first" if count.in_image else ""),
                    kind.remedy,
                    lost=count.lost,
                    severity=kind.severity,
                )


def key_losses(title: str) -> dict[str, Loss]:
    """The kinds of losses of a format that cannot store keypoints, and the keys of other formats.

    Args:
        title: name of the output format in messages.
    """
    tail = f"that {title} cannot store ({{names}})"
    keys = {
        f"keys of {what}": Loss("keys-not-carried", noun, f"{whose} {tail}")
        for what, noun, whose in (
            ("dataset", "key", "of the dataset"),
            ("class", "class", "with keys"),
            ("image", "image", "with keys"),
            ("instance", "instance", "with keys"),
        )
    }
    names = Loss("keypoint-names-not-carried", "class", f"with names of keypoints {tail}")
    points = Loss("keypoints-not-carried", "instance", f"with keypoints that {title} cannot store")
    return {**keys, "keypoints of class": names, "keypoints": points}


class KeyLosses:
    """Counts the keys of other formats and keypoints, wherever a dataset has them.

    Args:
        losses: its kinds include those of `key_losses`.
        own: name of the format whose keys are written, if any.
        keypoints: whether keypoints are written.
    """

    def __init__(self, losses: Losses, own: str = "", *, keypoints: bool = False) -> None:
        self._losses = losses
        self._own = own
        self._keypoints = keypoints
        self._only = {own}

    def header(self, header: Header, out: str) -> None:
        """Count those of the dataset and its classes; `out` is the name of the output."""
        place = Place(out)
        for key in self._foreign(header.extra):
            self._losses.add("keys of dataset", place, names=[key], in_image=False)
        for category in header.categories:
            if keys := self._foreign(category.extra):
                self._losses.add("keys of class", place, names=keys, in_image=False)
            if category.keypoints and not self._keypoints:
                names = category.keypoints
                self._losses.add("keypoints of class", place, names=names, in_image=False)

    def image(self, image: Image) -> None:
        """Count those of an image, without its instances."""
        if image.extra and (keys := self._foreign(image.extra)):
            self._losses.add("keys of image", image.place, names=keys)

    def instance(self, instance: Instance) -> None:
        """Count those of an instance."""
        if instance.keypoints and not self._keypoints:
            self._losses.add("keypoints", instance.place)
        extra = instance.extra
        if not extra or extra.keys() == self._only or _has_only_boxes(extra):
            return
        if keys := self._foreign(extra):
            self._losses.add("keys of instance", instance.place, names=keys)

    def _foreign(self, extra: Extra) -> list[str]:
        return [
            key
            for owner, keys in extra.items()
            for key, value in keys.items()
            # COCO's rounded bbox and empty attributes are a matter of notation, not of content.
            if owner != self._own and key != "bbox" and value != {}
        ]


def _has_only_boxes(extra: Extra) -> bool:
    """Whether none of the keys is foreign, as most instances have none but COCO's bbox."""
    return all(len(keys) == 1 and "bbox" in keys for keys in extra.values())


def class_order_not_carried(
    names: Sequence[str], used: Collection[str], out: str
) -> Iterator[Finding]:
    """The finding of a format that stores no list of classes, if reading would sort them anew.

    Args:
        names: all classes in their order.
        used: those that have instances.
        out: where they are written.
    """
    kept = [name for name in names if name in used]
    if kept != (again := sorted_names(kept)):
        yield code("class-order-not-carried").at(
            Place(out),
            f"{plural(len(kept), 'class')} whose order is not stored: they are read back as "
            f"{', '.join(again[:5])}{', ...' * (len(kept) > 5)}",
            "set the order with --labels when you read the files",
        )
