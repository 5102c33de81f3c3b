"""Headers of images."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import picture, write

from dataforge.errors import ParseError
from dataforge.io import Root, limits


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [(0, (64, 48)), (1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))],
)
def test_image_size_is_of_the_frame_that_a_viewer_shows(
    tmp_path: Path, orientation: int, shown: tuple[int, int]
) -> None:
    picture(tmp_path / "a.jpg", (64, 48), orientation)
    assert Root(tmp_path).image_size("a.jpg") == shown


@pytest.mark.parametrize(
    ("content", "said"), [(b"no image", "not an image"), (b"\xff\xd8\xff\xe0", "image")]
)
def test_image_size_of_a_non_image(tmp_path: Path, content: bytes, said: str) -> None:
    write(tmp_path / "a.jpg", content)
    with pytest.raises(ParseError, match=rf"^a\.jpg: .*{said}"):
        Root(tmp_path).image_size("a.jpg")


def test_a_decompression_bomb_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    picture(tmp_path / "a.png")
    with pytest.raises(ParseError, match="claims 64x48 pixels"):
        Root(tmp_path).image_size("a.png")
