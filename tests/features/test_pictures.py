"""The picture of maps: colours from low to high, in the places of the image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from helpers import picture

from dataforge.features.pictures import _COLOURS, draw_maps

LOW, HIGH = _COLOURS[0], _COLOURS[-1]


def test_a_cell_is_where_it_is_in_the_image(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", (360, 180))
    values = np.zeros((2, 2, 4))
    values[:, 0, 1] = 5  # the second of four cells of the upper row
    sheet = draw_maps(image, {"neck/0": values}, (1.0, 1.0))
    assert sheet.size == (3 * 360 + 8, 180 + 20)
    for left in (364, 728):
        assert sheet.getpixel((left + 135, 16 + 45)) == HIGH
        assert sheet.getpixel((left + 45, 16 + 45)) == LOW
        assert sheet.getpixel((left + 135, 16 + 135)) == LOW


def test_padding_is_cut_off(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", (360, 180))
    values = np.zeros((1, 2, 4))
    values[:, :, 2:] = 1  # the half of the width that is padding, as is the lower half
    values[:, 1] = 1
    sheet = draw_maps(image, {"a": values, "b": values}, (0.5, 0.5))
    heat = np.asarray(sheet.crop((364, 16, 724, 196)))
    assert {tuple(pixel) for pixel in heat.reshape(-1, 3).tolist()} == {LOW}


def test_energy_sees_what_the_mean_does_not(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", (360, 180))
    values = np.zeros((2, 1, 2))
    values[0, 0, 0], values[1, 0, 0] = 3, -3
    sheet = draw_maps(image, {"a": values}, (1.0, 1.0))
    assert sheet.getpixel((364 + 45, 100)) == LOW
    assert sheet.getpixel((728 + 45, 100)) == HIGH
    assert sheet.getpixel((728 + 315, 100)) == LOW


def test_values_that_are_no_numbers_are_drawn(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", (10, 4000))
    sheet = draw_maps(image, {"人": np.full((1, 3, 3), np.nan)}, (1.0, 1.0))
    assert sheet.height == 480 + 20
