"""Writes COCO's results (cocodataset.org/#format-results).

Written as ``OUT/results_<split>.json``, or as OUT itself if it ends in ``.json``. Ids are those of
a COCO file that is named, or those that the same data have when they are written as COCO.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
from msgspec import Meta

from dataforge import geometry
from dataforge.codes import code
from dataforge.errors import ParseError, UsageError, masked
from dataforge.findings import Finding, Place
from dataforge.formats.base import Numbered, WritePlan, Writing, Written
from dataforge.formats.coco import (
    ById,
    GroundTruth,
    ImageNames,
    JsonOfSplits,
    decoded,
    finite_number,
)
from dataforge.formats.listed_write import count_mark_losses, losses_of
from dataforge.formats.tally import KeyLosses, LeftOut, Loss, LossCount, Losses, place_of
from dataforge.io import MAX_COCO_BYTES, atomic_write, is_url, read_file
from dataforge.records import Image, Instance, Mask, Polygons

SCORES = ("score", "confidence", "conf")
"""What formats and tools call it, the usual name first."""


class WriteOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How COCO results are written.

    Attributes:
        ground_truth: COCO file whose ids of images and categories are written.
        default_score: of objects that have none.
    """

    ground_truth: Annotated[
        str | None,
        Meta(description="COCO file that the results are of: its ids are written."),
    ] = None
    default_score: Annotated[
        float | None,
        Meta(description="Score of objects that have none; else 1, with a warning."),
    ] = None


class CocoResultsWriter(JsonOfSplits[WriteOptions]):
    """Writes one file per split."""

    Options = WriteOptions
    file = "results_{}.json"

    def open(self, plan: WritePlan, options: WriteOptions) -> CocoResultsWriting:
        return CocoResultsWriting(plan, options)


_NO_IMAGE = "of images that the ground truth does not have or has twice ({names}): not written"
_LOSSES = {
    "image": Loss(
        "object-not-written", "instance", _NO_IMAGE, "name the COCO file with these images"
    ),
    "class": Loss(
        "object-not-written",
        "instance",
        "of classes that the ground truth does not have ({names}): not written",
        "name its classes with --label-aliases, or leave them out with --drop",
    ),
    "finite": Loss("object-not-written", "instance", "whose box is not finite: not written"),
    "score": Loss(
        "score-not-stated",
        "instance",
        "without a score: written with 1, as if they were certain",
        "state it with --default-score, or read what has scores",
    ),
    **losses_of("COCO results", own_outlines=True),
}


class CocoResultsWriting(Writing):
    """The results of one dataset."""

    def __init__(self, plan: WritePlan, options: WriteOptions) -> None:
        self.plan = plan
        self.default = options.default_score
        if self.default is not None and not 0 <= self.default <= 1:
            raise UsageError(f"--default-score {self.default}: must be from 0 to 1")
        self.images: ImageNames | None = None
        self.image_ids: list[ById] = []
        names = [category.name for category in plan.header.categories]
        self.categories: dict[str, ById] = {name: at for at, name in enumerate(names, 1)}
        if options.ground_truth is not None:
            truth = _truth(options.ground_truth)
            self.images = ImageNames([image.file_name for image in truth.images])
            self.image_ids = [image.id for image in truth.images]
            self.categories = {one.name.strip(): one.id for one in reversed(truth.categories)}

    def write(self, images: Iterable[Numbered]) -> Written:
        losses = Losses(_LOSSES)
        keys = KeyLosses(losses, keypoints=True)
        found: dict[str, list[Any]] = defaultdict(list)
        labels: set[str] = set()
        named: list[tuple[ById, str]] = []
        left_out = LeftOut()
        for split, number, _, image in images:
            left_out.split = split
            keys.image(image)
            if image.attributes:
                losses.add("flags", place_of(image), names=image.attributes)
            image_id = self._image_id(image, number)
            if self.images is not None and image_id is not None and image.instances:
                named.append((image_id, image.file_name))
            for instance in image.instances:
                labels.add(instance.label)
                score, given = _score(instance)
                keys.instance(given)
                if self._can_write(image, given, image_id, losses):
                    found[split].append(self._result(image, given, image_id, score, losses))
                else:
                    left_out.add(instance)
        lines = msgspec.json.Encoder().encode_lines
        streams = {f"results {split}": lines(entries) for split, entries in found.items()}
        streams["labels"] = lines(sorted(labels))
        streams["named"] = lines(named)
        return Written(streams=streams, losses=losses.counts, left_out=left_out.counts)

    def finish(
        self, streams: Mapping[str, IO[bytes]], losses: Mapping[str, LossCount]
    ) -> Iterator[Finding]:
        plan = self.plan
        targets = CocoResultsWriter().targets(plan.stage, plan.splits)
        for split, path in zip(plan.splits, targets, strict=True):
            with atomic_write(path) as out:
                out.write(b"[")
                for number, line in enumerate(streams.get(f"results {split}", ())):
                    out.write((b",\n" if number else b"\n") + line.rstrip(b"\n"))
                out.write(b"\n]\n")
        if self.images is None:
            yield code("ids-by-order").at(
                Place(plan.out),
                "ids are those that the same data have when they are written as COCO: images and "
                "classes in their order, from 1",
                "if the ground truth is another file, name it with --ground-truth",
            )
        yield from _same_image(streams.get("named", ()))
        total = Losses(_LOSSES, losses)
        KeyLosses(total, keypoints=True).header(plan.header, plan.out)
        used = {msgspec.json.decode(line, type=str) for line in streams.get("labels", ())}
        for category in plan.header.categories:
            if category.keypoints:
                place = Place(plan.out)
                total.add("keypoints of class", place, names=category.keypoints, in_image=False)
            if category.name not in used:
                total.add("unused", Place(plan.out), names=[category.name], in_image=False)
        yield from total.findings()

    def _image_id(self, image: Image, number: int) -> ById | None:
        if self.images is None:
            return number
        at = self.images.find(image.file_name)
        return None if at is None else self.image_ids[at]

    def _can_write(
        self, image: Image, instance: Instance, image_id: ById | None, losses: Losses
    ) -> bool:
        place, lost = place_of(image, instance), instance.parts
        if image_id is None:
            losses.add("image", place, names=[image.file_name], lost=lost)
        elif instance.label not in self.categories:
            losses.add("class", place, names=[instance.label], lost=lost)
        elif not all(map(math.isfinite, instance.box)):
            losses.add("finite", place, lost=lost)
        else:
            return True
        return False

    def _result(
        self, image: Image, instance: Instance, image_id: Any, score: float | None, losses: Losses
    ) -> dict[str, Any]:
        place = place_of(image, instance)
        if score is None:
            score = 1.0 if self.default is None else self.default
            if self.default is None:
                losses.add("score", place)
        x0, y0, x1, y1 = instance.box
        made: dict[str, Any] = {
            "image_id": image_id,
            "category_id": self.categories[instance.label],
            "bbox": (x0, y0, x1 - x0, y1 - y0),
            "score": score,
        }
        if isinstance(instance.shape, Polygons):
            made["segmentation"] = instance.shape.rings
        elif isinstance(instance.shape, Mask):
            made["segmentation"] = {"size": instance.shape.size_hw, "counts": instance.shape.counts}
        if instance.keypoints:
            made["keypoints"] = instance.keypoints
        if geometry.has_own_area(instance, image.width, image.height):
            losses.add("area", place)
        count_mark_losses(image, instance, losses)
        return made


def _same_image(lines: Iterable[bytes]) -> Iterator[Finding]:
    """The findings on images that are the same one of the ground truth."""
    first: dict[ById, str] = {}
    for line in lines:
        image_id, name = msgspec.json.decode(line, type=tuple[ById, str])
        if first.setdefault(image_id, name) != name:
            yield code("name-collision").at(
                Place(name),
                f"is the image {image_id!r} of the ground truth by its name, as {first[image_id]} "
                "is: the predictions in both are written as its",
                "convert only the images that the ground truth has",
                severity="error",
            )


def _truth(name: str) -> GroundTruth:
    """The file of the ground truth.

    Raises:
        UsageError: it cannot be used.
    """
    if is_url(name):
        raise UsageError(f"--ground-truth {masked(name)}: name a file on this machine")
    try:
        return decoded(read_file(Path(name), MAX_COCO_BYTES), GroundTruth, name, [])
    except ParseError as error:
        raise UsageError(f"--ground-truth: {error}") from error


def _score(instance: Instance) -> tuple[float | None, Instance]:
    """(its score if it has one, the instance without it)."""
    homes = {"": instance.attributes, **instance.extra}
    for name in SCORES:
        for owner, keys in homes.items():
            score = finite_number(keys.get(name))
            if score is None:
                continue
            rest = {key: value for key, value in keys.items() if key != name}
            if not owner:
                return score, msgspec.structs.replace(instance, attributes=rest)
            return score, msgspec.structs.replace(instance, extra=instance.extra | {owner: rest})
    return None, instance
