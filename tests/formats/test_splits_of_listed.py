"""Which splits files that list images have, by their names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dataforge.formats import get_format
from dataforge.testing import driver, picture, write


def createml(image: str) -> Any:
    spot = {"label": "cat", "coordinates": {"x": 9, "y": 9, "width": 4, "height": 4}}
    return json.dumps([{"image": image, "annotations": [spot]}])


def via(image: str) -> Any:
    shape = {"name": "rect", "x": 7, "y": 7, "width": 4, "height": 4}
    regions = [{"shape_attributes": shape, "region_attributes": {"class": "cat"}}]
    marked = {"filename": image, "size": 1, "regions": regions, "file_attributes": {}}
    return json.dumps({f"{image}1": marked})


def labelstudio(image: str) -> Any:
    shares = {"x": 25, "y": 25, "width": 25, "height": 25, "rectanglelabels": ["cat"]}
    result = {"type": "rectanglelabels", "original_width": 64, "original_height": 48,
              "value": shares}  # fmt: skip
    return json.dumps([{"data": {"image": image}, "annotations": [{"result": [result]}]}])


def csv(image: str) -> Any:
    return f"filename,width,height,class,xmin,ymin,xmax,ymax\n{image},64,48,cat,7,7,11,11\n"


FILES = {
    "createml": (createml, "json"),
    "via": (via, "json"),
    "labelstudio": (labelstudio, "json"),
    "csv": (csv, "csv"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "splits",
    [
        {"project-1-at-2026-05-06": None, "project-2-at-2026-05-06": None},
        {"batch1": None, "more/batch1": None, "more/batch2": None},
        {"train_1": "train", "train_2": "train", "val": "val"},
        {"train/batch1": "train", "train/batch2": "train", "old": "old", "new": "new"},
    ],
)
def test_only_known_names_make_splits(
    tmp_path: Path, name: str, splits: dict[str, str | None]
) -> None:
    """Exports have any names: they are splits only beside files that say one."""
    content, ending = FILES[name]
    for index, file in enumerate(splits):
        picture(tmp_path / "images" / f"{index}.jpg")
        write(tmp_path / f"{file}.{ending}", content(f"{index}.jpg"))
    found = driver.Read(driver.read(get_format(name), tmp_path))
    assert {image.file_name: image.split for image in found.images} == {
        f"images/{index}.jpg": split for index, split in enumerate(splits.values())
    }
