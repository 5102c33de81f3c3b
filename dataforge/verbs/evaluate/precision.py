"""AP50 of a changed list of detections, as pycocotools computes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Ranked:
    """The detections of a class, the highest score first.

    Args:
        scores: of the detections that count, in the order of the images.
        right: whether each has found an object.
        objects: number of objects.

    Attributes:
        order: rank -> index in what was given.
    """

    def __init__(self, scores: Sequence[float], right: Sequence[bool], objects: int) -> None:
        import numpy as np

        given = np.asarray(scores, dtype=float)
        self.order = np.argsort(-given, kind="mergesort")  # as pycocotools sorts equal ones
        self.scores = given[self.order]
        self.right = np.asarray(right, dtype=bool)[self.order]
        self.objects = objects

    def ap(self) -> float | None:
        """As it is; None if there are no objects."""
        return average_precision(self.right, self.objects) if self.objects else None

    def changed(
        self, without: Any = (), to_right: Any = (), added: Sequence[float] = (), fewer: int = 0
    ) -> float | None:
        """AP if some things were otherwise; None for a class without objects.

        Args:
            without: ranks of detections that are left out.
            to_right: ranks of those that have found an object now.
            added: scores of further ones that have.
            fewer: objects that do not count. Where none is left, AP is 1 if nothing was found, too.
        """
        import numpy as np

        if not self.objects:
            return None
        right = self.right.copy()
        right[np.asarray(to_right, dtype=int)] = True
        kept = np.ones(len(right), dtype=bool)
        kept[np.asarray(without, dtype=int)] = False
        right, scores = right[kept], self.scores[kept]
        if len(added):
            new = -np.sort(-np.asarray(added, dtype=float))
            right = np.insert(right, np.searchsorted(-scores, -new, side="right"), True)
        objects = self.objects - fewer
        if objects <= 0:
            return 0.0 if len(right) else 1.0
        return average_precision(right, objects)


class Best(NamedTuple):
    """Where F1 is best: the detections from a score on."""

    score: float
    precision: float
    recall: float


def best_f1(ranked: Sequence[Ranked]) -> Best | None:
    """Where F1 of the detections of some classes together is best.

    Of detections with the same score, all count or none. Of scores that are as good, it is the
    highest. None if nothing that is there was found.
    """
    import numpy as np

    scores = np.concatenate([np.zeros(0), *(one.scores for one in ranked)])
    right = np.concatenate([np.zeros(0, dtype=bool), *(one.right for one in ranked)])
    if not right.any():
        return None
    order = np.argsort(-scores, kind="mergesort")
    scores, hits = scores[order], np.cumsum(right[order])
    objects = sum(one.objects for one in ranked)
    f1 = 2 * hits / (np.arange(1, len(hits) + 1) + objects)
    last = np.append(scores[1:] != scores[:-1], True)
    at = int(np.where(last, f1, -1).argmax())
    return Best(float(scores[at]), float(hits[at] / (at + 1)), float(hits[at] / objects))


def average_precision(right: Any, objects: int) -> float:
    """The mean precision at recall 0, 0.01 ... 1, interpolated.

    Args:
        right: whether each detection has found an object, the highest score first.
        objects: number of objects, above 0.

    >>> round(average_precision([True, False, True], 4), 4)  # 26 points of 1, 25 of 2/3
    0.4224
    """
    import numpy as np

    hits = np.cumsum(np.asarray(right, dtype=float))
    if not len(hits):
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(hits / objects, np.linspace(0, 1, 101), side="left")
    return float(np.append(precision, 0.0)[np.minimum(at, len(precision))].mean())
