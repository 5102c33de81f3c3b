"""The image in a labelme file, and the one beside it."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from helpers import SQUARE, document, shape, write
from PIL import Image as PILImage

from dataforge.check import CheckOptions, check

PIXELS = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))  # dark on the left


def encoded(pixels: np.ndarray, orientation: int = 1, form: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    exif = PILImage.Exif()
    exif[0x0112] = orientation
    PILImage.fromarray(pixels).save(stream, form, exif=exif, quality=60)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (encoded(PIXELS), ""),
        (encoded(PIXELS, form="PNG"), ""),
        (encoded(np.rot90(PIXELS), 6), ""),  # turned right to be shown
        (encoded(PIXELS[:, ::-1]), "another image"),
        (encoded(PIXELS, 6), "of 48x64 pixels, but a.jpg has 64x48"),
        (encoded(PIXELS)[:200], "no image that can be decoded"),
    ],
)
def test_what_is_shown_is_compared(tmp_path: Path, inside: bytes, said: str) -> None:
    write(tmp_path / "a.jpg", encoded(PIXELS))
    held = base64.b64encode(inside).decode()
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=held))
    options = CheckOptions(select=("image-data-differs",))
    found = check(str(tmp_path), options).findings
    assert [f.code for f in found] == ["image-data-differs"] * bool(said)
    assert all(said in f.message for f in found)


def test_without_images_and_without_the_image(tmp_path: Path) -> None:
    held = base64.b64encode(encoded(PIXELS[:, ::-1])).decode()
    write(tmp_path / "a.json", document(shape("cat", SQUARE), imageData=held))
    assert check(str(tmp_path), CheckOptions(select=("image-data-differs",))).findings == []
    write(tmp_path / "a.jpg", encoded(PIXELS))
    options = CheckOptions(select=("image-data-differs",), images=False)
    assert check(str(tmp_path), options).findings == []
