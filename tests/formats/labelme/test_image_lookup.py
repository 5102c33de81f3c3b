"""Which image lies beside a labelme file, by name alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforge.formats.labelme.images import Images
from dataforge.io import Root


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("a.json", "a.PNG"),  # of several, the first in the order of the files
        ("a.1.json", "a.1.jpg"),
        ("a.2.json", None),
        ("b.json", None),  # b.txt is no image, and b.1.jpg is that of another file
        ("s/a.json", "s/a.jpg"),
        ("c.json", None),
    ],
)
def test_names_with_dots_and_several_extensions(
    tmp_path: Path, name: str, image: str | None
) -> None:
    for file in ("a.1.jpg", "a.PNG", "a.jpg", "a.txt", "b.1.jpg", "b.txt", "s/a.jpg", "cc.jpg"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    images = Images(Root(tmp_path), None, "keep", False)
    assert images.beside(name) == image
