"""What is the same in every proof: which images, how large, and when it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforge.frameworks.adapter import BuiltDataset, ImageInfo, Truth
from dataforge.verbs.smoke.proof import choose_images, clear_size, judge
from dataforge.verbs.smoke.report import Proof, SmokeOptions


def dataset(*images: list[tuple[int, float]]) -> BuiltDataset:
    """Images of 100 x 50 with given (label, side of a square box)."""

    def truth(index: int) -> Truth:
        sides = images[index]
        return Truth([label for label, _ in sides], [(0.0, 0.0, side, side) for _, side in sides])

    return BuiltDataset(
        classes=("a", "b", "c"),
        images=[ImageInfo(f"{i}.jpg", Path(f"{i}.jpg"), 100, 50) for i in range(len(images))],
        truth=truth,
    )


def test_images_are_chosen_to_cover_classes() -> None:
    common = [(0, 20.0)]
    found = dataset(common, common, [], [(1, 20.0)], [(0, 20.0), (2, 20.0)])
    # Two classes in one image first, then the class that is missing still; never an empty image.
    assert choose_images(found, 2) == [3, 4]
    assert choose_images(found, 10) == [0, 1, 3, 4]


def test_among_equals_the_larger_boxes_are_chosen() -> None:
    assert choose_images(dataset([(0, 4.0)], [(0, 30.0)], [(0, 8.0)]), 1) == [1]


@pytest.mark.parametrize(
    ("side", "size"),
    [
        (50.0, 224),  # half of the longer side: 48 px would do, 224 is the least
        (8.0, 320),  # 24 / 0.08 = 300, up to a multiple of 32
        (1.0, 512),  # 2,400 px would be wanted, 512 is the most
    ],
)
def test_images_stay_large_enough_for_their_boxes(side: float, size: int) -> None:
    assert clear_size(dataset([(0, side)], [(0, side)]), [0, 1]) == size


def proof(ap50: float, reloaded: float, losses: list[float]) -> Proof:
    return Proof(
        images=["a.jpg"],
        iterations=len(losses),
        ap50={len(losses): ap50},
        ap50_reloaded=reloaded,
        ap50_per_class={"cat": reloaded},
        losses=losses,
    )


FALLING = [2.0 - 0.04 * i for i in range(40)]


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (proof(0.95, 0.95, FALLING), ""),
        (proof(0.5, 0.5, FALLING), "AP50 on the 1 image"),
        (proof(0.97, 0.91, FALLING), "the reloaded checkpoint"),
        (proof(0.95, 0.95, FALLING[::-1]), "the loss did not fall"),
    ],
)
def test_the_proof_is_judged(found: Proof, reason: str) -> None:
    reasons = judge(found, SmokeOptions(work_dir=Path(), target=0.9))
    assert len(reasons) == bool(reason)
    assert not reason or reasons[0].startswith(reason)
