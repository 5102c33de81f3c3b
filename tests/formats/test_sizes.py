"""The size that annotations state."""

from __future__ import annotations

import math

import pytest

from dataforge.formats.sizes import stated_size


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (64.0, 48.0, (64, 48)),
        (64.5, 48, None),
        (0, 48, None),
        (-64, -48, None),
        (None, 48, None),
        (math.inf, 48, None),  # what 1e400 is read as
        (48, -math.inf, None),
        (math.nan, 48, None),
        (48, math.nan, None),
        (1e9, 1e9, None),
    ],
)
def test_only_a_size_that_an_image_can_have(
    width: float | None, height: float | None, expected: tuple[int, int] | None
) -> None:
    assert stated_size(width, height) == expected
