"""Annotation files are recognised though their beginnings, or most of them, have no objects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import picture, write

from dataforge.datasets import guess_format
from dataforge.io import Root

CAR = "Car 0.00 0 -1.58 5.1 1.3 6.2 2.1 1.6 1.7 3.6 -0.6 1.7 46.7 -1.59\n"
RECT = {"shape_attributes": {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4}}
SPOT = {"label": "cat", "coordinates": {"x": 9, "y": 9, "width": 4, "height": 4}}


def via(number: int, regions: object) -> dict[str, object]:
    name = f"{number:05}.jpg"
    return {name: {"filename": name, "size": 9, "regions": regions, "file_attributes": {}}}


def first_empty(format_: str, has_object: bool) -> str:
    """A file of 300 images of which at most the last has an object."""
    last: dict[str, object] = {}
    if format_ == "via":
        for number in range(300):
            last |= via(number, [RECT] if has_object and number == 299 else [])
        return json.dumps(last)
    if format_ == "createml":
        entries = [{"image": f"{number:05}.jpg", "annotations": []} for number in range(300)]
        own = {"image": "a.jpg", "annotations": [SPOT] if has_object else None}
        return json.dumps([*entries, own])
    tasks = [
        {"id": number, "annotations": [], "predictions": [], "data": {"image": f"{number}.jpg"}}
        for number in range(300)
    ]
    return json.dumps(tasks)


@pytest.mark.parametrize("has_object", [True, False])
@pytest.mark.parametrize("format_", ["via", "createml", "labelstudio"])
def test_json_whose_first_images_have_no_objects(
    format_: str, has_object: bool, tmp_path: Path
) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "export.json", first_empty(format_, has_object))
    assert guess_format(Root(tmp_path)) == format_


def test_json_whose_beginning_says_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    data = {"image": "a.jpg", "text": "x" * 40_000}
    tasks = [{"data": data, "annotations": [{"result": [], "completed_by": 1}]}] * 2
    write(tmp_path / "tasks.json", json.dumps(tasks))
    assert guess_format(Root(tmp_path)) == "labelstudio"


def test_one_of_ten_label_files_has_an_object(tmp_path: Path) -> None:
    for number in range(10):
        picture(tmp_path / "image_2" / f"{number}.png")
        write(tmp_path / "label_2" / f"{number}.txt", CAR if number == 7 else "")
    assert guess_format(Root(tmp_path)) == "kitti"


def test_a_table_of_boxes_behind_other_tables(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    for number in range(6):
        write(tmp_path / f"results{number}.csv", "epoch,loss\n1,2\n")
    header = "filename,width,height,class,xmin,ymin,xmax,ymax\n"
    write(tmp_path / "train.csv", header + "a.jpg,64,48,cat,1,2,30,40\n")
    assert guess_format(Root(tmp_path)) == "csv"
