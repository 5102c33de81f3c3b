"""Texts on matplotlib's pictures have the letters that Pillow shapes, in fonts that have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib")

from dataforge.drawing import Drawing, text_mask

HEIGHT = 20  # of a title, 12 points at 120 dots an inch


def ink(path: Path) -> np.ndarray:
    """How dark a picture is, cut to what is drawn on it."""
    dark = 255 - np.array(Image.open(path).convert("L"), np.int64)
    return cut(dark)


def cut(dark: np.ndarray) -> np.ndarray:
    (rows,), (columns,) = dark.any(axis=1).nonzero(), dark.any(axis=0).nonzero()
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@pytest.mark.parametrize("text", ["سيارة", "שלום עולם", "car سيارة 2", "ab 人 cd"])
def test_a_text_is_drawn_as_pillow_shapes_it(tmp_path: Path, text: str) -> None:
    drawing = Drawing(4, 2)
    drawing.title(text)
    drawing.save(tmp_path / "a.png")
    image, below = text_mask(text, HEIGHT)
    expected = cut(np.array(image, np.int64))
    assert 0 < below < image.height
    found = ink(tmp_path / "a.png")
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 2


def test_a_text_is_turned(tmp_path: Path) -> None:
    drawing = Drawing(4, 4)
    (axes,) = drawing.panels(1)
    axes.set_axis_off()
    axes.text(0.5, 0.5, "سيارة", rotation=90, parse_math=False, fontsize=12)
    drawing.save(tmp_path / "a.png")
    found = ink(tmp_path / "a.png")
    height, width = cut(np.array(text_mask("سيارة", HEIGHT)[0], np.int64)).shape
    assert found.shape == pytest.approx((width, height), abs=2)


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vector_files_have_a_font_or_numbers(tmp_path: Path, ending: str) -> None:
    drawing = Drawing(4, 2)
    drawing.title("кот \U000f1234")
    drawing.save(tmp_path / f"a.{ending}")
    assert (tmp_path / f"a.{ending}").stat().st_size > 1000
