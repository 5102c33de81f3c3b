"""Names in any script are drawn in the pictures of a run, with letters that can be read."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dataforge.drawing import fonts
from dataforge.verbs.smoke.plots import contact_sheet, loss_curve

CYRILLIC = "кошка"


@pytest.fixture(autouse=True)
def _own_fonts() -> Iterator[None]:
    caches = (fonts.font_of, fonts._files)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def sheet(folder: Path, name: str) -> np.ndarray:
    """The sheet of a black image with one box of this name."""
    Image.new("RGB", (64, 48)).save(folder / "a.png")
    contact_sheet(folder / "sheet.png", [(folder / "a.png", [(0, (2, 2, 60, 40))])], [name],
                  [(0, 0, 200)])  # fmt: skip
    with Image.open(folder / "sheet.png") as image:
        return np.asarray(image)


def test_a_name_has_letters_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")  # whose fonts are there on each machine
    text, font = fonts.drawable(CYRILLIC)
    assert text == CYRILLIC
    assert font is not None
    drawn = [sheet(tmp_path, name) for name in (CYRILLIC, "мышка", "?????")]
    assert not any(np.array_equal(one, two) for one in drawn for two in drawn if one is not two)


def test_without_a_font_it_is_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_found", lambda: iter(()))
    assert fonts.drawable("Łódź é") == ("\\u0141\\xf3d\\u017a \\xe9", None)
    assert np.array_equal(sheet(tmp_path, "Łódź"), sheet(tmp_path, "\\u0141\\xf3d\\u017a"))


def test_a_font_without_the_letters_is_not_taken() -> None:
    text, font = fonts.drawable("\U000f0000")  # of private use: no font has it, or any may
    assert font is not None or text == "\\U000f0000"
    assert fonts.drawable("\U0010fffe")[0].isascii()  # no character


def test_names_in_ascii_have_the_own_font() -> None:
    assert fonts.drawable("beetle") == ("beetle", None)


def test_letters_with_accents_are_drawn(tmp_path: Path) -> None:
    """Pillow's own font lacks them: it has a box for each."""
    pytest.importorskip("matplotlib")
    text, font = fonts.drawable("Käfer")
    assert (text, font is None) == ("Käfer", False)
    drawn = [sheet(tmp_path, name) for name in ("Käfer", "Kéfer", "K\uffffer")]
    assert not any(np.array_equal(one, two) for one in drawn for two in drawn if one is not two)


def test_the_title_of_a_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")  # matplotlib warns of missing letters
        for title in (CYRILLIC, "猫 $x$", "cat"):
            loss_curve(tmp_path / "a.png", [2, 1], {2: 0.5}, 0.9, title)
