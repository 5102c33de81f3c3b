"""What is wrong with detections, and what each mistake costs.

Kinds and costs are those of TIDE (Bolya et al., "TIDE: A General Toolbox for Identifying Object
Detection Errors", ECCV 2020, arXiv 2008.08115): a detection that pycocotools matches with no object
at IoU 0.5 is of the first kind below that applies, t_f = 0.5 and t_b = 0.1 being the paper's.

    location    IoU with an object of its class is from t_b to t_f
    class       IoU with an object of another class is at least t_f
    duplicate   IoU with an object of its class is at least t_f; a better detection has found it
    background  IoU with every object is below t_b
    both        else: near an object of another class
    missed      an object without a match that is of no `location` or `class` mistake

A mistake's cost is how much higher AP50, the mean of the classes, would be if it were put right:
`location` and `class` find their object, unless another detection has; what remains is left out;
missed objects do not count. The paper puts all mistakes of a kind right at once; here this is done
for each one alone, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from dataforge.datasets import Progress
from dataforge.errors import InputError
from dataforge.verbs.evaluate.material import Marked, Material
from dataforge.verbs.evaluate.precision import Ranked, best_f1
from dataforge.verbs.evaluate.report import KINDS, Kind, Mistake, OfKind
from dataforge.verbs.evaluate.scoring import MOST_DETECTIONS, Scored

FOUND_IOU = 0.5
NEAR_IOU = 0.1

Near = tuple[int, float]
"""An object's number in its image, and an IoU with it of at least `NEAR_IOU`."""

MOST_PAIRS = 2**26
"""Detections times objects of an image whose IoU is worked out."""

MOST_OF_CLASS = 500
"""False positives of a class whose costs are worked out, those with the highest scores: of what is
left out, one with a higher score costs more."""


class Wrong(NamedTuple):
    """A mistake.

    Attributes:
        kind: of it.
        image: index.
        detection: number in the image; -1 for a miss.
        target: number of the object in the image; -1 if there is none.
        iou: of both.
    """

    kind: Kind
    image: int
    detection: int
    target: int
    iou: float


class Matches(NamedTuple):
    """What pycocotools has matched in an image at IoU 0.5, objects of any size.

    Attributes:
        counted: numbers of the detections that are right or wrong: at most 100 of a class, and not
            those in crowds.
        of: detection -> the object that it has found.
    """

    counted: list[int]
    of: dict[int, int]


def matches(scored: Scored) -> list[Matches]:
    """The matches of each image."""
    made = [Matches([], {}) for _ in scored.material.images]
    for label in scored.there:
        for image, found in scored.compared(label):
            matched, ignored = found["dtMatches"][0], found["dtIgnore"][0]
            for at, id_ in enumerate(found["dtIds"]):
                if ignored[at]:
                    continue
                detection = scored.detections[id_][1]
                made[image].counted.append(detection)
                if matched[at]:
                    made[image].of[detection] = scored.objects[int(matched[at])][1]
    return made


def refuse_crowded(material: Material) -> None:
    """Refuse images whose detections cannot be compared with all their objects.

    Raises:
        InputError: there are too many of both.
    """
    for image, (marked, found) in enumerate(zip(material.marked, material.found, strict=True)):
        of_class = Counter(one.label for one in found)
        counted = sum(min(number, MOST_DETECTIONS) for number in of_class.values())
        if counted * len(marked) > MOST_PAIRS:
            what = f"{counted:,} detections and {len(marked):,} objects"
            raise InputError(f"{material.images[image].name}: has {what}, which are too many")


def overlaps(material: Material, image: int, counted: Sequence[int]) -> dict[int, list[Near]]:
    """Detection -> the objects that it is near, without crowds."""
    import numpy as np
    from pycocotools import mask as coco_masks

    marked = material.marked[image]
    if not counted or not marked:
        return {one: [] for one in counted}
    found = [material.found[image][at] for at in counted]
    if material.masks:
        rows = coco_masks.iou(
            *([one.mask for one in ones] for ones in (found, marked)), _crowds(marked)
        )
    else:
        boxes = ([_corner_and_size(one.box) for one in ones] for ones in (found, marked))
        rows = coco_masks.iou(*boxes, _crowds(marked))
    rows[:, np.array(_crowds(marked), dtype=bool)] = 0
    return {
        one: [(at, float(row[at])) for at in np.flatnonzero(row >= NEAR_IOU).tolist()]
        for one, row in zip(counted, rows, strict=True)
    }


def _crowds(marked: Sequence[Marked]) -> list[int]:
    return [int(one.crowd) for one in marked]


def _corner_and_size(box: Sequence[float]) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


class Analysis:
    """The mistakes of all images.

    Args:
        scored: compared by pycocotools.

    Attributes:
        wrong: the mistakes, by image.
        near: of each image, detection -> the objects that it is near.
    """

    def __init__(self, scored: Scored) -> None:
        self.material = scored.material
        self.matches = matches(scored)
        self.near = [
            overlaps(self.material, image, one.counted) for image, one in enumerate(self.matches)
        ]
        self.wrong = [one for image in range(len(self.matches)) for one in self._image(image)]
        self._rank()

    def _image(self, image: int) -> Iterable[Wrong]:
        marked, found = self.material.marked[image], self.material.found[image]
        counted, of = self.matches[image]
        objects = [at for at, one in enumerate(marked) if not one.crowd]
        explained = set(of.values())
        for detection in counted:
            if detection in of:
                continue
            same, other = (-1, 0.0), (-1, 0.0)
            for at, iou in self.near[image][detection]:
                if marked[at].label == found[detection].label:
                    same = max(same, (at, iou), key=lambda one: one[1])
                else:
                    other = max(other, (at, iou), key=lambda one: one[1])
            kind, (target, iou) = _kind(same, other)
            if kind in ("location", "class"):
                explained.add(target)
            yield Wrong(kind, image, detection, target, iou)
        yield from (
            Wrong("missed", image, -1, at, 0.0) for at in objects if at not in explained
        )  # fmt: skip

    # Costs ---------------------------------------------------------------------------------------

    def _rank(self) -> None:
        """Rank the detections of each class."""
        rows: list[list[tuple[float, bool, tuple[int, int]]]] = [[] for _ in self.material.classes]
        objects = [0] * len(rows)
        for image, (counted, of) in enumerate(self.matches):
            for one in self.material.marked[image]:
                objects[one.label] += not one.crowd
            for detection in counted:  # of each class, the highest score first
                found = self.material.found[image][detection]
                rows[found.label].append((found.score, detection in of, (image, detection)))
        self.ranked = [
            Ranked([row[0] for row in of_class], [row[1] for row in of_class], number)
            for of_class, number in zip(rows, objects, strict=True)
        ]
        self._rank_of = {
            rows[label][at][2]: rank
            for label, ranked in enumerate(self.ranked)
            for rank, at in enumerate(ranked.order.tolist())
        }
        self._ap = [ranked.ap() for ranked in self.ranked]
        self._counted = sum(one is not None for one in self._ap)

    def ap50(self) -> float | None:
        """The mean of the classes, which pycocotools has worked out, too."""
        there = [one for one in self._ap if one is not None]
        return sum(there) / len(there) if there else None

    def cost(self, wrong: Iterable[Wrong]) -> float:
        """By how much AP50 would be higher if these mistakes were put right together."""
        changes: dict[int, _Change] = {}
        gone: set[tuple[int, int]] = set()
        order = sorted(wrong, key=lambda one: -self._score(one))
        for one in order:
            if one.kind == "missed":
                label = self.material.marked[one.image][one.target].label
                changes.setdefault(label, _Change()).fewer += 1
                continue
            detection = self.material.found[one.image][one.detection]
            rank = self._rank_of[one.image, one.detection]
            target = one.image, one.target
            finds = (
                one.kind in ("location", "class")
                and one.target not in self.matches[one.image].of.values()
                and target not in gone
            )
            change = changes.setdefault(detection.label, _Change())
            if finds and one.kind == "location":
                change.to_right.append(rank)
            else:
                change.without.append(rank)
            if finds and one.kind == "class":
                label = self.material.marked[one.image][one.target].label
                changes.setdefault(label, _Change()).added.append(detection.score)
            if finds:
                gone.add(target)
        return self._gain(changes)

    def _score(self, one: Wrong) -> float:
        if one.detection < 0:
            return 0.0
        return self.material.found[one.image][one.detection].score

    def _gain(self, changes: dict[int, _Change]) -> float:
        gain = 0.0
        for label, change in changes.items():
            before = self._ap[label]
            after = self.ranked[label].changed(
                change.without, change.to_right, change.added, change.fewer
            )
            if before is not None and after is not None:
                gain += after - before
        return gain / max(self._counted, 1)

    # Results -------------------------------------------------------------------------------------

    def kinds(self) -> dict[Kind, OfKind]:
        """All kinds of mistakes, with what they cost together."""
        made: dict[Kind, OfKind] = {}
        for kind in KINDS:
            those = [one for one in self.wrong if one.kind == kind]
            made[kind] = OfKind(count=len(those), cost=_exact(self.cost(those)))
        return made

    def costliest(self, most: int, progress: Progress | None = None) -> list[Mistake]:
        """The mistakes that cost most, the worst first: so many of each kind.

        Of false positives that cost the same, those with the highest score are first; of misses,
        the largest objects.
        """
        of_class: dict[int, list[Wrong]] = {}
        missed: dict[int, float] = {}
        told: list[tuple[float, float, Wrong]] = []
        for one in self.wrong:
            if one.kind == "missed":
                marked = self.material.marked[one.image][one.target]
                if marked.label not in missed:  # the same for all of a class
                    missed[marked.label] = self.cost([one])
                told.append((missed[marked.label], marked.area, one))
            else:
                label = self.material.found[one.image][one.detection].label
                of_class.setdefault(label, []).append(one)
        for number, those in enumerate(of_class.values(), 1):
            those.sort(key=lambda one: -self._score(one))
            told += [(self.cost([one]), self._score(one), one) for one in those[:MOST_OF_CLASS]]
            if progress:
                progress(number, len(of_class), "costs of mistakes by class")
        told.sort(key=lambda one: (-round(one[0], 9), -one[1], one[2].image))
        left = dict.fromkeys(KINDS, most)
        made = []
        for cost, _, one in told:
            if left[one.kind]:
                left[one.kind] -= 1
                made.append(self._mistake(cost, one))
        return made

    def _mistake(self, cost: float, one: Wrong) -> Mistake:
        material = self.material
        made = Mistake(
            kind=one.kind, cost=_exact(cost), image=one.image,
            name=material.images[one.image].name, iou=one.iou,
        )  # fmt: skip
        if one.detection >= 0:
            found = material.found[one.image][one.detection]
            score, label = found.score, material.classes[found.label]
            made = msgspec.structs.replace(made, found=label, score=score, box=found.box)
        if one.target >= 0:
            marked = material.marked[one.image][one.target]
            label = material.classes[marked.label]
            made = msgspec.structs.replace(made, there=label, there_box=marked.box)
        return made

    def best_score(self) -> float:
        """The score of the detections at which F1 of all classes together is best.

        If nothing that is there was found, all detections have at least that score.
        """
        best = best_f1(self.ranked)
        if best is not None:
            return best.score
        return min([0.0, *(float(one.scores[-1]) for one in self.ranked if len(one.scores))])


def _exact(cost: float) -> float:
    """A difference of averages without the noise of its last digits, which may make 0 negative."""
    return round(cost, 12) + 0.0


class _Change:
    """What is otherwise in a class; see `Ranked.changed`."""

    def __init__(self) -> None:
        self.without: list[int] = []
        self.to_right: list[int] = []
        self.added: list[float] = []
        self.fewer = 0


def _kind(same: tuple[int, float], other: tuple[int, float]) -> tuple[Kind, tuple[int, float]]:
    """The kind of a false positive, and the object that it is about.

    Args:
        same: the object of its class with the highest IoU, and that.
        other: the same for other classes.
    """
    if NEAR_IOU <= same[1] < FOUND_IOU:
        return "location", same
    if other[1] >= FOUND_IOU:
        return "class", other
    if same[1] >= FOUND_IOU:
        return "duplicate", same
    if other[1] < NEAR_IOU:
        return "background", (-1, 0.0)
    return "both", other
