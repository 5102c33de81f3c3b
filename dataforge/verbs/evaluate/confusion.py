"""What was found where: confusion matrices at any least score."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from dataforge.verbs.evaluate.mistakes import FOUND_IOU, Analysis
from dataforge.verbs.evaluate.report import Confusion

_STEPS = 20
"""Parts of the range of scores that a page has a matrix for each of."""


class _Image(NamedTuple):
    """An image, without the detections that no object is at.

    Attributes:
        labels: of the objects.
        right: (score, object that it has found).
        unsure: (score, label, objects with an IoU of at least 0.5, the highest first) of the other
            detections, the highest score first.
    """

    labels: list[int]
    right: list[tuple[float, int]]
    unsure: list[tuple[float, int, list[int]]]


class Confusing:
    """Compares all images once, for matrices at any score.

    Objects that a detection of their class has found, as pycocotools matches them, are on the
    diagonal. The detections left, the highest score first, take the object left with the highest
    IoU of at least 0.5, of whatever class.

    Args:
        analysis: the matches of the images.
    """

    def __init__(self, analysis: Analysis) -> None:
        material = analysis.material
        self._size = len(material.classes) + 1
        self._objects = Counter(
            one.label for marked in material.marked for one in marked if not one.crowd
        )
        self._alone: list[list[float]] = [[] for _ in material.classes]
        self._images = [self._image(analysis, image) for image in range(len(material.images))]

    def _image(self, analysis: Analysis, image: int) -> _Image:
        marked, found = analysis.material.marked[image], analysis.material.found[image]
        counted, of = analysis.matches[image]
        made = _Image([one.label for one in marked], [], [])
        for at in counted:
            score, label = found[at].score, found[at].label
            if at in of:
                made.right.append((score, of[at]))
                continue
            row = analysis.ious[image][at]
            near = [
                one for one, iou in enumerate(row) if iou >= FOUND_IOU and not marked[one].crowd
            ]
            if near:
                near.sort(key=lambda one: -row[one])
                made.unsure.append((score, label, near))
            else:
                self._alone[label].append(score)
        made.unsure.sort(key=lambda one: -one[0])
        return made

    def at(self, score: float) -> Confusion:
        """The matrix of the detections from a score."""
        counts = [[0] * self._size for _ in range(self._size)]
        for label, number in self._objects.items():
            counts[label][-1] = number
        for label, scores in enumerate(self._alone):
            counts[-1][label] = sum(one >= score for one in scores)
        for image in self._images:
            taken = {target for own, target in image.right if own >= score}
            for target in taken:
                label = image.labels[target]
                counts[label][label] += 1
                counts[label][-1] -= 1
            for own, label, near in image.unsure:
                if own < score:
                    break
                best = next((one for one in near if one not in taken), None)
                if best is None:
                    counts[-1][label] += 1
                    continue
                taken.add(best)
                counts[image.labels[best]][label] += 1
                counts[image.labels[best]][-1] -= 1
        return Confusion(score=round(score, 4), counts=counts)

    def steps(self, low: float, high: float, own: float) -> list[Confusion]:
        """Matrices at scores that are evenly spread, and at one of them in particular."""
        spread = {round(low + (high - low) * step / _STEPS, 4) for step in range(_STEPS)}
        return [self.at(score) for score in sorted((spread - {round(own, 4)}) | {own})]
