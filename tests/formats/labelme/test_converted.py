"""labelme files that are converted to other formats and back, and opened in labelme itself."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from formats.labelme.instances import OTHER, RING, SIZE, box, mask, outline, write_labelme
from helpers import (
    HEIGHT,
    SAMPLE,
    SQUARE,
    WIDTH,
    document,
    load_coco,
    picture,
    read_labelme,
    run_convert,
    shape,
    snapshot,
    write,
)
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from dataforge.jobs import Job, Report
from dataforge.records import Image, Instance, Mask
from dataforge.verbs.convert import convert


def run(source: Path, out: Path, reads: str, writes: str, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes, **options))


def test_images_that_stay_where_they_are(tmp_path: Path) -> None:
    picture(tmp_path / "in" / "d" / "a.jpg")
    file = {
        "images": [{"id": 1, "file_name": "d/a.jpg", **SIZE}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
    }
    write(tmp_path / "in" / "x.json", file)
    run(tmp_path / "in", tmp_path / "out", "coco", "labelme", image_mode="reference")
    file = json.loads((tmp_path / "out" / "d" / "a.json").read_text())
    assert file["imagePath"] == "../../in/d/a.jpg"
    assert (tmp_path / "out" / "d" / file["imagePath"]).is_file()
    run(tmp_path / "in", tmp_path / "copied", "coco", "labelme")
    assert json.loads((tmp_path / "copied" / "d" / "a.json").read_text())["imagePath"] == "a.jpg"
    assert (tmp_path / "copied" / "d" / "a.jpg").is_file()


def test_into_the_folder_of_the_images(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    before = (tmp_path / "a.jpg").read_bytes()
    image = {"id": 1, "file_name": "a.jpg", **SIZE}
    write(tmp_path / "x.json", {"images": [image], "categories": [{"id": 1, "name": "c"}]})
    run(tmp_path, tmp_path, "coco", "labelme")
    assert sorted(snapshot(tmp_path)) == ["a.jpg", "a.json", "x.json"]
    run(tmp_path / "x.json", tmp_path, "coco", "labelme", force=True)
    assert (tmp_path / "a.jpg").read_bytes() == before


def test_output_is_deterministic(tmp_path: Path) -> None:
    run(SAMPLE / "labelme", tmp_path / "coco", "labelme", "coco", image_mode="copy")
    for out in ("one", "two"):
        run(tmp_path / "coco", tmp_path / out, "coco", "labelme")
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    assert len(snapshot(tmp_path / "one")) == 2 * 14


COORDINATES = st.floats(-10, 80) | st.integers(-10, 80).map(float)
RINGS = st.lists(
    st.integers(3, 6).flatmap(
        lambda n: st.lists(COORDINATES, min_size=2 * n, max_size=2 * n).map(tuple)
    ),
    min_size=1,
    max_size=3,
).map(tuple)


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    pixels = draw(st.lists(st.booleans(), min_size=20, max_size=20).filter(any))
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    left, top = draw(st.integers(0, WIDTH - 5)), draw(st.integers(0, HEIGHT - 4))
    array[top : top + 4, left : left + 5] = np.array(pixels).reshape(4, 5)
    return Mask(size_hw=(HEIGHT, WIDTH), counts=coco_mask.encode(array)["counts"].decode())


@given(st.lists(RINGS | masks(), max_size=4))
def test_coco_to_labelme_to_coco_keeps_outlines_and_pixels(shapes: list[Any]) -> None:
    marked = [
        {"size": [HEIGHT, WIDTH], "counts": shape.counts} if isinstance(shape, Mask) else shape
        for shape in shapes
    ]
    file = {
        "images": [{"id": 1, "file_name": "a.png", **SIZE}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1, "bbox": None, "segmentation": segmentation}
            for i, segmentation in enumerate(marked, 1)
        ],
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(folder / "in" / "x.json", file)
        picture(folder / "in" / "a.png")
        run(folder / "in", folder / "labelme", "coco", "labelme")
        run(folder / "labelme", folder / "out.json", "labelme", "coco", labels="cat")
        back = json.loads((folder / "out.json").read_text())
    assert [one["segmentation"] for one in back["annotations"]] == [
        one if isinstance(one, dict) else [list(ring) for ring in one] for one in marked
    ]


def test_an_image_is_extracted(tmp_path: Path) -> None:
    data = base64.b64encode(picture(tmp_path / "x.jpg").read_bytes()).decode()
    write(tmp_path / "d" / "json" / "a.json", document(shape("cat", SQUARE), imageData=data))
    options = {"image_mode": "copy", "read_options": {"extract_images": True}}
    report = run_convert(tmp_path / "d", tmp_path / "out", **options)
    assert (report.shapes, report.lost) == (1, {})
    image = (tmp_path / "x.jpg").read_bytes()
    assert snapshot(tmp_path / "out")["images/json/a.jpg"] == image


def one(folder: Path, *shapes: Any, **more: Any) -> Path:
    """A folder with a.json and its a.jpg."""
    write(folder / "a.json", document(*shapes, **more))
    picture(folder / "a.jpg")
    return folder


def test_extra_keys_are_counted_where_not_written(tmp_path: Path) -> None:
    one(tmp_path / "d", shape("cat", SQUARE, reviewer="Ann"), shape("cat", SQUARE), project="p")
    report = run_convert(tmp_path / "d", tmp_path / "out")
    found = {f.where: f.message for f in report.findings if f.code == "keys-not-carried"}
    assert found.keys() == {"", "$.shapes[0]"}
    assert "(project)" in found[""]
    assert "(reviewer)" in found["$.shapes[0]"]


def test_numbers_beyond_64_bits_become_floats(tmp_path: Path) -> None:
    big = 10**30
    mine = shape("cat", SQUARE, description=big, attributes={"id": big}, own=[big])
    one(tmp_path / "d", mine, attributes={"id": big}, own=big)
    report = run_convert(tmp_path / "d", tmp_path / "out")
    assert report.instances == {"all": {"cat": 1}}
    (image,) = load_coco(tmp_path / "out")["images"]
    assert image["attributes"] == {"id": 1e30}


# The real labelme ------------------------------------------------------------------------------

# Reads every file of in/ with labelme's own reader, prints what it has, and saves it to out/.
LABELME = """
import json, shutil, sys
from pathlib import Path
from labelme import LabelFile, utils

found = {}
for path in sorted(Path("in").rglob("*.json")):
    file = LabelFile(str(path))
    name = path.relative_to("in")
    image = utils.img_data_to_arr(file.image_data)
    shapes = []
    for shape in file.shapes:
        mask = shape["mask"]
        other = shape.pop("other_data")
        shapes.append({**shape, "mask": None if mask is None else mask.astype(int).tolist()})
        shape["mask"] = None if mask is None else utils.img_arr_to_b64(mask.astype("uint8"))
        shape.update(other)
    found[name.as_posix()] = {"size": image.shape[:2], "shapes": shapes, "flags": file.flags}
    target = Path("out") / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path.parent / file.image_path, target.parent)
    file.save(str(target), file.shapes, file.image_path, *image.shape[:2],
              other_data=file.other_data, flags=file.flags)
json.dump(found, open("found.json", "w"))
"""


def run_labelme(folder: Path) -> Any:
    """What labelme finds in folder/in; it saves that to folder/out."""
    if shutil.which("uv") is None:
        pytest.skip("uv is not there to install labelme")
    write(folder / "run.py", LABELME)
    result = subprocess.run(
        ["uv", "run", "--no-project", "--isolated", "--python", "3.11",
         "--with", "labelme==6.3.1", "python", "run.py"],
        cwd=folder, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    offline = ("error sending request", "dns error", "Network connectivity", "Failed to fetch")
    if result.returncode and any(words in result.stderr for words in offline):
        pytest.skip("labelme cannot be downloaded")
    assert result.returncode == 0, result.stderr
    return json.loads((folder / "found.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder with in/coco and in/voc as they are written, and what labelme says of them."""
    folder = tmp_path_factory.mktemp("labelme")
    run(SAMPLE / "labelme", folder / "coco", "labelme", "coco", image_mode="copy")
    run(folder / "coco", folder / "in" / "coco", "coco", "labelme")
    run(SAMPLE / "humanparts", folder / "in" / "voc", "voc", "labelme", layout="humanparts")
    said = {"flags": {"f": True}, "group_id": 3, "score": 0.5, "pose": "Left"}
    odd = Image(
        file_name="odd ü/a.b.png",
        width=WIDTH,
        height=HEIGHT,
        instances=(
            box(attributes=said, difficult=True),
            outline(RING, OTHER),
            Instance(label="m", box=(20, 10, 26, 14), area=23, shape=mask(20, 10, 6, 4)),
            Instance(label="out", box=(-20, -20, -10, -10), area=100),
        ),
    )
    write_labelme(folder / "in" / "odd", {"all": [odd, Image(file_name="empty.png", **SIZE)]})
    picture(folder / "in" / "odd" / "odd ü" / "a.b.png")
    picture(folder / "in" / "odd" / "empty.png")
    return folder, run_labelme(folder)


@pytest.mark.labelme
def test_labelme_opens_what_is_written(opened: tuple[Path, Any]) -> None:
    folder, found = opened
    files = {p.relative_to(folder / "in").as_posix() for p in (folder / "in").rglob("*.json")}
    assert found.keys() == files
    counts = {"coco": 0, "voc": 0, "odd": 0}
    for name, file in found.items():
        counts[name.split("/")[0]] += len(file["shapes"])
    # What sample_data/make.py draws; VOC objects by ElementTree, without those called none.
    names = [
        (node.findtext("name") or "").strip()
        for path in (SAMPLE / "humanparts" / "Annotations").glob("*.xml")
        for node in ElementTree.parse(path).iter("object")
    ]
    boxes = sum(name != "none" for name in names)
    assert boxes == 120
    assert counts == {"coco": 69, "voc": boxes, "odd": 5}
    shapes = found["odd/odd ü/a.b.json"]["shapes"]
    assert [(s["label"], s["shape_type"], s["group_id"]) for s in shapes] == [
        ("cat", "rectangle", 3), ("cat", "polygon", 4), ("cat", "polygon", 4),
        ("m", "mask", None), ("out", "rectangle", None),
    ]  # fmt: skip
    assert shapes[0]["flags"] == {"f": True}
    assert shapes[0]["points"] == [[10, 12], [30.5, 40]]
    assert shapes[1]["points"] == [[10, 10], [30.5, 10], [30, 30]]
    assert shapes[3]["mask"] == [[1] * 6, [1, 0, 1, 1, 1, 1], [1] * 6, [1] * 6]
    assert found["odd/empty.json"] == {"size": [HEIGHT, WIDTH], "shapes": [], "flags": {}}


@pytest.mark.labelme
def test_what_labelme_saves_is_read_back(opened: tuple[Path, Any]) -> None:
    folder, _ = opened
    for name in ("coco", "voc", "odd"):
        ours, theirs = (read_labelme(folder / side / name) for side in ("in", "out"))
        assert len(ours.images) > 1
        assert theirs.images == ours.images
        assert theirs.findings == ours.findings
