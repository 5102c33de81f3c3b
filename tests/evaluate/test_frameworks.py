"""What frameworks return and what they have built, in the form that is compared."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from by_hand import AP50_CAT, AP50_DOG, CAT, DETECTIONS, OBJECTS, annotations

from dataforge.errors import InputError
from dataforge.frameworks import BuiltDataset, CocoSource, Detections, ImageInfo, Truth
from dataforge.frameworks.mmdet2.detecting import detections as of_mmdet2
from dataforge.frameworks.mmdet3.detecting import detections as of_mmdet3
from dataforge.verbs.evaluate import evaluate_material, material_of

RLE = {"size": [4, 4], "counts": b"04<"}


def test_results_of_mmdet_2() -> None:
    boxes = [np.array([[1, 2, 3, 4, 0.5]]), np.zeros((0, 5)), np.array([[5, 6, 7, 8, 0.25]])]
    assert of_mmdet2(boxes) == Detections(
        [0, 2], [0.5, 0.25], [(1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)]
    )
    other = {"size": [4, 4], "counts": b"x"}
    assert of_mmdet2((boxes, [[RLE], [], [other]])).masks == [RLE, other]
    assert of_mmdet2((boxes, ([[RLE], [], [other]], "scores"))).masks == [RLE, other]


class Instances(SimpleNamespace):
    """Of mmengine."""

    def __contains__(self, name: str) -> bool:
        return hasattr(self, name)


def test_results_of_mmdet_3() -> None:
    from pycocotools import mask as coco_masks

    whole = {
        "labels": np.array([2, 0]), "scores": np.array([0.5, 0.25]),
        "bboxes": np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]),
    }  # fmt: skip
    found = of_mmdet3(SimpleNamespace(pred_instances=Instances(**whole)))
    assert found == Detections([2, 0], [0.5, 0.25], [(1, 2, 3, 4), (5, 6, 7, 8)])
    mask = np.zeros((4, 5), dtype=bool)
    mask[1:3, 2] = True
    masked = Instances(**whole, masks=[mask, ~mask])
    found = of_mmdet3(SimpleNamespace(pred_instances=masked))
    assert found.masks is not None
    assert [coco_masks.area(one) for one in found.masks] == [2, 18]
    assert coco_masks.decode(found.masks[0]).tolist() == mask.tolist()


def test_results_of_torchvision_lose_the_background() -> None:
    torch = pytest.importorskip("torch")
    from dataforge.frameworks.torchvision.detecting import detect

    class Model(torch.nn.Linear):  # type: ignore[name-defined,misc]
        def forward(self, images: list[Any]) -> list[dict[str, Any]]:
            assert not self.training
            mask = torch.zeros(1, 1, 4, 4)
            mask[0, 0, 1, 1:4] = 0.6
            return [{"boxes": torch.tensor([[1.0, 2, 3, 4]]), "labels": torch.tensor([3]),
                     "scores": torch.tensor([0.5]), "masks": mask} for _ in images]  # fmt: skip

    (found,) = detect(Model(1, 1), [([torch.zeros(3, 4, 4)], [{}])])
    assert found[:3] == ([2], [0.5], [(1.0, 2.0, 3.0, 4.0)])
    from pycocotools import mask as coco_masks

    assert coco_masks.area(found.masks[0]) == 3


def built(source: CocoSource | None) -> BuiltDataset:
    """The dataset that is worked out by hand, as a framework has built it."""

    def truth(index: int, crowd: int = 0) -> Truth:
        own = [one for one in OBJECTS if one[0] == index and one[3] == crowd]
        return Truth(
            [int(one[1] != CAT) for one in own],
            [(x, y, x + w, y + h) for _, _, (x, y, w, h), _ in own],
        )

    return BuiltDataset(
        classes=("cat", "dog"),
        images=[ImageInfo(f"{at}.jpg", Path(f"{at}.jpg"), 100, 100, id=10 + at) for at in range(3)],
        truth=truth,
        ignored=lambda index: truth(index, 1),
        source=source,
    )


def found() -> list[Detections]:
    rows = [[one for one in DETECTIONS if one[0] == image] for image in range(3)]
    return [
        Detections(
            [int(one[1] != CAT) for one in own],
            [one[3] for one in own],
            [(x, y, x + w, y + h) for _, _, (x, y, w, h), _ in own],
        )
        for own in rows
    ]


def test_a_built_dataset_has_the_numbers_worked_out_by_hand(tmp_path: Path) -> None:
    material = material_of(built(None), range(3), found())
    report = evaluate_material(material, []).report
    assert [one.scores.ap50 for one in report.classes] == pytest.approx(
        [AP50_CAT, AP50_DOG], abs=1e-4
    )
    assert [one.crowds for one in report.classes] == [0, 1]
    # The area of a COCO file decides on the size: that of a mask, which is larger than 32 x 32.
    content = annotations()
    for one in content["annotations"]:
        one["area"] = 40 * 40
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content))
    material = material_of(built(CocoSource(str(path))), range(3), found())
    scores = evaluate_material(material, []).report.scores
    assert scores.ap_small is None
    # What is wrong is 20 x 20: small, so that COCO does not count it among the medium ones.
    assert scores.ap_medium == pytest.approx((34 + 51) / 101 / 2, abs=1e-4)


def test_masks_that_are_not_there_are_missed() -> None:
    with pytest.raises(InputError, match="the detector finds boxes alone"):
        material_of(built(None), range(3), found(), masks=True)
