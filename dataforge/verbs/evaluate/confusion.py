"""What was found where: confusion matrices at any least score."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

from dataforge.verbs.evaluate.mistakes import FOUND_IOU, Analysis
from dataforge.verbs.evaluate.report import MOST_TABLED, Cell, Confusion

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
        self._nothing = len(material.classes)  # the last row and column
        self._objects = Counter(
            one.label for marked in material.marked for one in marked if not one.crowd
        )
        self._alone: defaultdict[int, list[float]] = defaultdict(list)  # by label
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
            near = [(one, iou) for one, iou in analysis.near[image][at] if iou >= FOUND_IOU]
            if near:
                near.sort(key=lambda one: -one[1])
                made.unsure.append((score, label, [one for one, _ in near]))
            else:
                self._alone[label].append(score)
        made.unsure.sort(key=lambda one: -one[0])
        return made

    def report(self, score: float) -> Confusion:
        """The matrix of the detections from a score, as a report has it."""
        cells = self.at(score)
        counts: list[list[int]] = []
        if self._nothing <= MOST_TABLED:
            counts = [[0] * (self._nothing + 1) for _ in range(self._nothing + 1)]
            for row, column, number in cells:
                counts[row][column] = number
        return Confusion(score=_rounded(score), counts=counts, cells=cells)

    def at(self, score: float) -> list[Cell]:
        """What is not 0 in the matrix of the detections from a score, row by row."""
        nothing = self._nothing
        counts = Counter({(label, nothing): number for label, number in self._objects.items()})
        for label, scores in self._alone.items():
            counts[nothing, label] = sum(one >= score for one in scores)
        for image in self._images:
            taken = {target for own, target in image.right if own >= score}
            for target in taken:
                label = image.labels[target]
                counts[label, label] += 1
                counts[label, nothing] -= 1
            for own, label, near in image.unsure:
                if own < score:
                    break
                best = next((one for one in near if one not in taken), None)
                if best is None:
                    counts[nothing, label] += 1
                    continue
                taken.add(best)
                counts[image.labels[best], label] += 1
                counts[image.labels[best], nothing] -= 1
        return sorted((row, column, number) for (row, column), number in counts.items() if number)

    def steps(self, low: float, high: float, own: float) -> list[tuple[float, list[Cell]]]:
        """`at` scores that are evenly spread, and at one of them in particular."""
        spread = {_rounded(low + (high - low) * step / _STEPS) for step in range(_STEPS)}
        scores = sorted((spread - {_rounded(own)}) | {own})
        return [(_rounded(score), self.at(score)) for score in scores]


def _rounded(score: float) -> float:
    return round(score, 4)
