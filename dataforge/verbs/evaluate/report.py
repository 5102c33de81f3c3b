"""Options and report of an evaluation."""

from __future__ import annotations

from typing import Literal

import msgspec

from dataforge.errors import plural
from dataforge.records import Box
from dataforge.reports import Shown, Table

Kind = Literal["class", "location", "both", "duplicate", "background", "missed"]

KINDS: dict[Kind, str] = {
    "class": "at an object, but of another class",
    "location": "of the right class, but too far off (IoU 0.1 to 0.5)",
    "both": "near an object of another class (IoU 0.1 to 0.5)",
    "duplicate": "an object that a detection with a higher score has found already",
    "background": "where nothing is annotated (IoU below 0.1)",
    "missed": "an object that no detection is at or near",
}
"""The kinds of mistakes of TIDE, in words, see `dataforge.verbs.evaluate.mistakes`."""


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """Averages as COCO defines them, by pycocotools; None where there are no objects.

    Attributes:
        ap: mean of AP at IoU 0.5, 0.55 ... 0.95, at most 100 detections an image.
        ap50, ap75: at IoU 0.5 and 0.75.
        ap_small, ap_medium, ap_large: of objects under 32 x 32 pixels, under 96 x 96, and above.
        ar: recall, mean over the same IoUs.
    """

    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_small: float | None
    ap_medium: float | None
    ap_large: float | None
    ar: float | None


class ClassResult(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a class.

    Attributes:
        name: of the class.
        objects: number of its objects, without crowds.
        crowds: number of crowds.
        detections: number of detections of any score.
        scores: its averages.
        best_score: of the detections where F1 is best, at IoU 0.5; None if nothing was found.
        precision, recall: there.
        curve50, curve75: precision at recall 0, 0.01 ... 1 at IoU 0.5 and 0.75; empty for a class
            without objects.
    """

    name: str
    objects: int
    crowds: int
    detections: int
    scores: Scores
    best_score: float | None
    precision: float | None
    recall: float | None
    curve50: list[float]
    curve75: list[float]


MOST_TABLED = 400
"""Classes up to which a confusion matrix is a table, too: one of 10,000 has 100 million cells."""

Cell = tuple[int, int, int]
"""Row and column of a confusion matrix, and the number there."""


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    """What was found where, at IoU 0.5.

    Attributes:
        score: detections with a lower score do not count; by default that at which F1 over all
            classes is best.
        counts: a row for each class, and one for where nothing is annotated; in it a column for
            each class that was found, and one for objects that were not. Empty for more than
            `MOST_TABLED` classes.
        cells: (row, column, number) of each number that is not 0, row by row.
    """

    score: float
    counts: list[list[int]]
    cells: list[Cell]


class OfKind(msgspec.Struct, frozen=True, kw_only=True):
    """All mistakes of a kind.

    Attributes:
        count: their number.
        cost: by how much AP50 would be higher without them, 0 to 1.
    """

    count: int
    cost: float


class Mistake(msgspec.Struct, frozen=True, kw_only=True):
    """A false positive, or an object that was missed.

    Attributes:
        kind: of the mistake.
        cost: by how much AP50 would be higher without this one alone, 0 to 1.
        image: index of the image in the order of the annotations.
        name: of the image.
        found: class that was found; empty for a miss.
        score: of the detection; None for a miss.
        box: of the detection, (x0, y0, x1, y1) pixels; None for a miss.
        there: class of the object that it is about; empty if there is none.
        there_box: of that object; None if there is none.
        iou: of both; 0 if there is no object.
    """

    kind: Kind
    cost: float
    image: int
    name: str
    found: str = ""
    score: float | None = None
    box: Box | None = None
    there: str = ""
    there_box: Box | None = None
    iou: float = 0.0


class Evaluation(Shown, msgspec.Struct, kw_only=True):
    """How good detections are. As JSON, the output of ``evaluate --json``; keys are only added.

    Attributes:
        what: is evaluated: paths of the results, or of config and checkpoint.
        compared: `boxes` or `masks`.
        images, objects, detections: their numbers; objects without crowds.
        scores: the averages over the classes.
        classes: the numbers of each class, in the order of their labels.
        curve50, curve75: mean precision of the classes at recall 0, 0.01 ... 1.
        confusion: what was found where.
        kinds: kind of mistake -> number and cost.
        mistakes: the costliest, the worst first.
        left: number of mistakes that `mistakes` does not have.
        notes: what was left out, in words.
        page: path of the page; empty if none was made.
        results: path of the detections that were written; empty if they were not.
    """

    what: list[str]
    compared: Literal["boxes", "masks"]
    images: int
    objects: int
    detections: int
    scores: Scores
    classes: list[ClassResult]
    curve50: list[float]
    curve75: list[float]
    confusion: Confusion
    kinds: dict[Kind, OfKind]
    mistakes: list[Mistake]
    left: int = 0
    notes: list[str] = []
    page: str = ""
    results: str = ""

    def title(self) -> str:
        ap = "-" if self.scores.ap is None else f"{self.scores.ap:.3f}"
        ap50 = "-" if self.scores.ap50 is None else f"{self.scores.ap50:.3f}"
        return f"AP {ap}, AP50 {ap50} on {plural(self.images, 'image')}"

    def table(self) -> Table:
        head = ["class", "objects", *Scores.__struct_fields__]
        rows = [
            [one.name, one.objects, *msgspec.structs.astuple(one.scores)] for one in self.classes
        ]
        return Table(head, [*rows, ["(mean)", self.objects, *msgspec.structs.astuple(self.scores)]])
