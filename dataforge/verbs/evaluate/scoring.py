"""AP by class and size, and the matches behind it: all by pycocotools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from typing import Any

from dataforge.frameworks import quiet
from dataforge.verbs.evaluate.material import Material
from dataforge.verbs.evaluate.precision import Ranked, best_f1
from dataforge.verbs.evaluate.report import ClassResult, Scores

AREAS = ("all", "small", "medium", "large")
"""Of pycocotools, in its order: up to 32 x 32 pixels, up to 96 x 96, and above."""

MOST_DETECTIONS = 100
"""Of a class in an image, those with the highest scores."""


class Scored:
    """Detections that pycocotools has compared with what is there.

    Args:
        material: what is compared.

    Attributes:
        evaluation: pycocotools' COCOeval, accumulated. Images, classes, objects and detections
            have ids from 1, in the order of `material`: pycocotools takes an object whose id is 0
            for none.
        there: labels of the classes that have objects or detections, which it has compared.
        objects: id of an object -> (image, number in the image); index 0 is unused.
        detections: the same for detections.
    """

    def __init__(self, material: Material) -> None:
        self.material = material
        # Of a class without objects and detections, no average depends; each would cost as much.
        labels = {one.label for of_one in material.marked for one in of_one}
        labels.update(one.label for of_one in material.found for one in of_one)
        self.there = sorted(labels) or [0]
        self._column = {label: column for column, label in enumerate(self.there)}
        self.objects: list[tuple[int, int]] = [(-1, -1)]
        self.detections: list[tuple[int, int]] = [(-1, -1)]
        kind = "segm" if material.masks else "bbox"
        with quiet():
            self.evaluation: Any = _evaluator()(_coco(self, True), _coco(self, False), kind)
            self.evaluation.params.catIds = [label + 1 for label in self.there]
            self.evaluation.params.maxDets = [MOST_DETECTIONS]
            self.evaluation.evaluate()
            self.evaluation.accumulate()

    def compared(self, label: int) -> Iterator[tuple[int, dict[str, Any]]]:
        """(image, pycocotools' matches of a class in it), where there are any."""
        images = len(self.material.images)
        start = self._column[label] * len(AREAS) * images
        for image in range(images):
            found = self.evaluation.evalImgs[start + image]
            if found is not None:
                yield image, found

    def overall(self) -> Scores:
        """The averages over the classes."""
        return _scores(self.evaluation.eval, slice(None))

    def of_class(self, label: int) -> Scores:
        """The averages of a class."""
        if label not in self._column:
            return Scores(**dict.fromkeys(Scores.__struct_fields__))
        return _scores(self.evaluation.eval, self._column[label])

    def curve(self, label: int | slice, iou: int) -> list[float]:
        """Precision at recall 0, 0.01 ... 1.

        Args:
            label: a class; a slice for the mean of the classes that have objects.
            iou: number of the threshold: 0 for 0.5, 5 for 0.75.
        """
        if isinstance(label, int):
            if label not in self._column:
                return []
            label = self._column[label]
        precision = self.evaluation.eval["precision"][iou, :, label, 0, -1]
        if precision.ndim == 2:
            there = (precision > -1).all(axis=0)
            precision = precision[:, there].mean(axis=1) if there.any() else precision[:, 0]
        return [round(float(value), 4) for value in precision if value > -1]


@cache
def _evaluator() -> Any:
    """pycocotools' COCOeval, at a lower cost for images with many objects."""
    import numpy as np
    from pycocotools.cocoeval import COCOeval

    class Evaluator(COCOeval):  # type: ignore[misc]
        def evaluateImg(self, *of: Any) -> Any:  # noqa: N802
            """Match the objects alone that may get a detection: the others only count as missed.

            Of those that are ignored, and of the rest, each detection gets one of the best: the
            other detections can have no more than one each.
            """
            *_, (least, most), _ = of
            key = of[:2]  # of the image and of the class
            objects, ious = self._gts[key], self.ious[key]
            if not len(ious) or not objects:
                return super().evaluateImg(*of)
            near = (ious >= self.params.iouThrs[0]).any(axis=0)
            ignored = np.array(
                [one["ignore"] or not least <= one["area"] <= most for one in objects], dtype=int
            )
            for part in (ignored > 0, ignored == 0):
                of_part = np.flatnonzero(near & part)
                order = np.argsort(ious[:, of_part], axis=1, kind="stable")
                near[np.delete(of_part, np.unique(order[:, -len(ious) :]))] = False
            self._gts[key] = [one for one, is_near in zip(objects, near, strict=True) if is_near]
            self.ious[key] = ious[:, near]
            found = super().evaluateImg(*of)
            self._gts[key], self.ious[key] = objects, ious
            far = [one for one, is_near in zip(objects, near, strict=True) if not is_near]
            matched = found["gtMatches"]
            return {
                **found,
                "gtIds": [*found["gtIds"], *(one["id"] for one in far)],
                "gtMatches": np.hstack([matched, np.zeros((len(matched), len(far)))]),
                "gtIgnore": np.append(found["gtIgnore"], ignored[~near]),
            }

    return Evaluator


def class_results(scored: Scored, ranked: Sequence[Ranked]) -> list[ClassResult]:
    """The numbers of each class.

    Args:
        scored: compared by pycocotools.
        ranked: the detections of each class.
    """
    material = scored.material
    marked = Counter((one.label, one.crowd) for of_one in material.marked for one in of_one)
    found = Counter(one.label for of_one in material.found for one in of_one)
    made = []
    for label, name in enumerate(material.classes):
        score, precision, recall = best_f1([ranked[label]]) or (None, None, None)
        made.append(
            ClassResult(
                name=name,
                objects=marked[label, False],
                crowds=marked[label, True],
                detections=found[label],
                scores=scored.of_class(label),
                best_score=score,
                precision=precision,
                recall=recall,
                curve50=scored.curve(label, 0),
                curve75=scored.curve(label, 5),
            )
        )
    return made


def _scores(results: dict[str, Any], label: int | slice) -> Scores:
    # precision: (IoU, recall, class, area, most detections); recall: without the second
    precision, recall = results["precision"][..., -1], results["recall"][..., -1]
    by_area = [_mean(precision[:, :, label, area]) for area in range(len(AREAS))]
    return Scores(
        ap=by_area[0],
        ap50=_mean(precision[0, :, label, 0]),
        ap75=_mean(precision[5, :, label, 0]),
        ap_small=by_area[1],
        ap_medium=by_area[2],
        ap_large=by_area[3],
        ar=_mean(recall[:, label, 0]),
    )


def _mean(values: Any) -> float | None:
    """The mean of what there are objects for, not rounded: what shows it does that once."""
    there = values[values > -1]
    return float(there.mean()) if there.size else None


def _coco(scored: Scored, is_truth: bool) -> Any:
    """The objects or the detections as pycocotools holds them."""
    from pycocotools.coco import COCO

    material = scored.material
    per_image: Any = material.marked if is_truth else material.found
    ids = scored.objects if is_truth else scored.detections
    annotations = []
    numbers = count(1)
    for image, of_one in enumerate(per_image):
        for at, one in enumerate(of_one):
            x0, y0, x1, y1 = one.box
            made = {
                "id": next(numbers),
                "image_id": image + 1,
                "category_id": one.label + 1,
                "bbox": [x0, y0, x1 - x0, y1 - y0],
                "area": (x1 - x0) * (y1 - y0) if one.area is None else one.area,
                "iscrowd": int(is_truth and one.crowd),
            }
            if not is_truth:
                made["score"] = one.score
            if material.masks:
                made["segmentation"] = one.mask
                if not is_truth and one.area is None:
                    made["area"] = _mask_area(one.mask)
            annotations.append(made)
            ids.append((image, at))
    held = COCO()
    held.dataset = {
        "images": [
            {"id": number, "width": one.width, "height": one.height}
            for number, one in enumerate(material.images, 1)
        ],
        "categories": [{"id": at, "name": name} for at, name in enumerate(material.classes, 1)],
        "annotations": annotations,
    }
    held.createIndex()
    return held


def _mask_area(mask: Any) -> float:
    from pycocotools import mask as coco_masks

    return float(coco_masks.area(mask))
