"""The linear rule, and schedules for few images; all values worked out by hand."""

from __future__ import annotations

import math

import pytest

from dataforge.errors import UsageError
from dataforge.learning_rate import (
    MMDET_SCHEDULE,
    TORCHVISION_SCHEDULE,
    Schedule,
    learning_rate,
)


@pytest.mark.parametrize(
    ("base", "gpus", "per_gpu", "base_batch", "rate"),
    [
        (0.02, 1, 2, 16, 0.0025),
        (0.02, 8, 2, 16, 0.02),
        (0.02, 1, 4, 16, 0.005),
        (0.02, 1, 1, 16, 0.00125),
        (0.01, 4, 4, 16, 0.01),
        (0.02, 3, 1, 16, 0.00375),
        (0.1, 2, 64, 256, 0.05),
        (0.02, 8, 3, 16, 0.03),  # a product of binary fractions would have 17 digits
    ],
)
def test_the_rate_is_in_proportion_to_the_images_of_a_step(
    base: float, gpus: int, per_gpu: int, base_batch: int, rate: float
) -> None:
    assert learning_rate(base, gpus, per_gpu, base_batch) == rate


@pytest.mark.parametrize(
    "numbers",
    [
        (0, 1, 2, 16), (-0.02, 1, 2, 16), (math.nan, 1, 2, 16), (math.inf, 1, 2, 16),
        (0.02, 0, 2, 16), (0.02, -1, -2, 16), (0.02, 1, 0, 16), (0.02, 1, 2, 0),
        (0.02, 1, 2, -16), (0.02, 10**400, 1, 16), (1e308, 8, 200, 16), (5e-324, 1, 1, 16),
    ],
)  # fmt: skip
def test_nonsense_has_no_rate(numbers: tuple[float, int, int, int]) -> None:
    with pytest.raises(UsageError, match="must be a number above 0"):
        learning_rate(*numbers)


def test_a_rate_that_overflows_is_said_to() -> None:
    with pytest.raises(UsageError, match="the rate is inf, and it must be a number above 0"):
        learning_rate(1e308, 1_000_000, 2)


def test_many_images_keep_the_schedule() -> None:
    fitted = MMDET_SCHEDULE.fitted(118_287, 16)  # COCO: 7,393 steps
    assert (fitted.epochs, fitted.milestones, fitted.warm_up) == (12, (8, 11), 500)
    assert (fitted.log_interval, fitted.interval, fitted.steps) == (50, 1, 7393)
    assert fitted.why(MMDET_SCHEDULE) == ""
    assert MMDET_SCHEDULE.fitted(0, 16) == MMDET_SCHEDULE  # not known
    # 417 steps x 12 are 5,004, and a tenth of them is the warm-up of 500; 416 are 4,992.
    assert MMDET_SCHEDULE.fitted(417, 1).why(MMDET_SCHEDULE) == ""
    assert MMDET_SCHEDULE.fitted(416, 1).warm_up == 499


def test_twenty_images_get_more_epochs_and_less_warm_up() -> None:
    fitted = MMDET_SCHEDULE.fitted(20, 2)
    # 10 steps x 12 epochs are 120; 9 times that is the first over 1,000.
    assert fitted == Schedule(
        epochs=108, milestones=(72, 99), warm_up=108, log_interval=5, interval=9, steps=10
    )
    assert fitted.why(MMDET_SCHEDULE) == (
        "an epoch has 10 steps; 12 epochs would be 120 steps, so there are 108, evaluated and "
        "saved every 9; warm-up takes 108 steps, not 500; the log has a line every 5 steps, not 50"
    )


def test_epochs_are_limited() -> None:
    assert MMDET_SCHEDULE.fitted(1, 2) == Schedule(
        epochs=120, milestones=(80, 110), warm_up=60, log_interval=1, interval=10, steps=1
    )
    assert TORCHVISION_SCHEDULE.fitted(20, 2) == Schedule(
        epochs=104, milestones=(64, 88), warm_up=0, log_interval=1, interval=4, steps=10
    )


def test_warm_up_has_a_hundred_steps_in_half_of_the_training() -> None:
    assert MMDET_SCHEDULE.fitted(10, 2).warm_up == 100  # of 5 x 120
    assert MMDET_SCHEDULE.fitted(2, 1).warm_up == 100  # of 2 x 120
    assert MMDET_SCHEDULE.fitted(2, 2).warm_up == 60  # of 1 x 120


def test_a_repeated_dataset_has_longer_epochs() -> None:
    fitted = MMDET_SCHEDULE.fitted(20 * 10, 2)
    assert (fitted.epochs, fitted.interval, fitted.log_interval) == (12, 1, 50)
    assert fitted.warm_up == 120
    assert fitted.why(MMDET_SCHEDULE) == "an epoch has 100 steps; warm-up takes 120 steps, not 500"


@pytest.mark.parametrize("images", [1, 2, 3, 19, 50, 99, 100, 205, 999, 5000, 100_000])
@pytest.mark.parametrize("batch", [1, 2, 3, 16, 64])
@pytest.mark.parametrize("stock", [MMDET_SCHEDULE, TORCHVISION_SCHEDULE])
def test_any_number_of_images_has_a_schedule_that_works(
    images: int, batch: int, stock: Schedule
) -> None:
    fitted = stock.fitted(images, batch)
    assert fitted.steps == math.ceil(images / batch)
    least = min(stock.warm_up, 100, fitted.total() // 2)
    assert least <= fitted.warm_up <= max(least, fitted.total() // 10)
    assert 1 <= fitted.log_interval <= fitted.steps
    assert 0 < fitted.milestones[0] < fitted.milestones[1] < fitted.epochs <= 120
    assert fitted.epochs % fitted.interval == 0  # the last epoch is evaluated, and saved
    assert fitted.total() >= 1000 or fitted.epochs + stock.epochs > 120
