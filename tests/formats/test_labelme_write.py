"""labelme files as they are written: by hand, by our reader, and by labelme itself."""

from __future__ import annotations

import base64
import io
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers import HEIGHT, SAMPLE, WIDTH, picture, read_labelme, snapshot, write
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as PILImage
from pycocotools import mask as coco_mask

from dataforge import geometry
from dataforge.convert import Job, Report, convert
from dataforge.errors import UsageError
from dataforge.formats import labelme
from dataforge.records import Box, Category, Finding, Header, Image, Instance, Mask, Polygons

SIZE: dict[str, Any] = {"width": WIDTH, "height": HEIGHT}
RING = (10.0, 10.0, 30.5, 10.0, 30.0, 30.0)
OTHER = (40.0, 10.0, 50.0, 10.0, 50.0, 20.0)
RING_BOX: Box = (10, 10, 30.5, 30)


def mask(left: int, top: int, width: int, height: int) -> Mask:
    """A full rectangle of pixels with a hole at its second pixel of the second row."""
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    array[top : top + height, left : left + width] = 1
    array[top + 1, left + 1] = 0
    return Mask(size_hw=(HEIGHT, WIDTH), counts=coco_mask.encode(array)["counts"].decode())


def write_labelme(out: Path, splits: Any, **options: Any) -> list[Finding]:
    return list(labelme.write(out, splits, Header(), labelme.WriteOptions(**options)))


def written(out: Path, *instances: Instance, **more: Any) -> tuple[dict[str, Any], list[Finding]]:
    """(the JSON of one image, the findings)."""
    findings = write_labelme(
        out, {"all": [Image(file_name="a.jpg", instances=instances, **SIZE, **more)]}
    )
    return json.loads((out / "a.json").read_text("utf-8")), findings


def box(label: str = "cat", **more: Any) -> Instance:
    return Instance(label=label, box=(10, 12, 30.5, 40), area=574, **more)


def outline(*rings: Any, label: str = "cat", **more: Any) -> Instance:
    points = np.array([value for ring in rings for value in ring]).reshape(-1, 2)
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    area = sum(map(geometry.ring_area, rings))
    return Instance(label=label, box=(x0, y0, x1, y1), area=area, shape=Polygons(rings), **more)


def test_the_whole_file(tmp_path: Path) -> None:
    said = {"flags": {"f": True}, "description": "d", "score": 0.5, "group_id": 7,
            "attributes": {"colour": "red"}, "pose": "Left"}  # fmt: skip
    one = Image(
        file_name="d/ü b.c.jpg",
        instances=(box("ü", attributes=said, difficult=True), outline(RING)),
        attributes={"flags": {"night": True}, "camera": 2},
        **SIZE,
    )
    findings = write_labelme(tmp_path, {"all": [one]})
    assert [f.code for f in findings] == ["boxes-as-outlines", "attributes-moved"]
    assert "(pose)" in findings[1].message
    file = tmp_path / "d" / "ü b.c.json"
    assert json.loads(file.read_text("utf-8")) == {
        "version": "5.4.1",
        "flags": {"night": True},
        "shapes": [
            {"label": "ü", "points": [[10, 12], [30.5, 40]], "group_id": 7, "description": "d",
             "shape_type": "rectangle", "flags": {"f": True}, "mask": None, "score": 0.5,
             "difficult": True, "attributes": {"colour": "red", "pose": "Left"}},
            {"label": "cat", "points": [[10, 10], [30.5, 10], [30, 30]], "group_id": None,
             "description": "", "shape_type": "polygon", "flags": {}, "mask": None},
        ],
        "imagePath": "ü b.c.jpg",
        "imageData": None,
        "imageHeight": HEIGHT,
        "imageWidth": WIDTH,
        "attributes": {"camera": 2},
    }  # fmt: skip
    picture(tmp_path / "d" / "ü b.c.jpg")
    found = read_labelme(tmp_path)
    assert found.codes == []
    assert found.image.attributes == one.attributes
    assert found.image.instances[0].attributes["score"] == 0.5
    assert found.image.instances[0].difficult
    assert found.image.instances[1].shape == Polygons((RING,))


def test_the_four_corners_of_a_box_are_a_rectangle(tmp_path: Path) -> None:
    corners = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0)
    turned = corners[2:] + corners[:2]  # as exact, but it begins elsewhere
    file, findings = written(tmp_path, outline(corners), outline(turned))
    assert findings == []
    assert [(s["shape_type"], len(s["points"])) for s in file["shapes"]] == [
        ("rectangle", 2),
        ("polygon", 4),
    ]


def test_a_mask_is_cropped_to_inclusive_corners(tmp_path: Path) -> None:
    pixels = Instance(label="cat", box=(20, 10, 26, 14), area=23, shape=mask(20, 10, 6, 4))
    file, findings = written(tmp_path, pixels)
    (shape,) = file["shapes"]
    assert (shape["shape_type"], shape["points"]) == ("mask", [[20, 10], [25, 13]])
    crop = np.asarray(PILImage.open(io.BytesIO(base64.b64decode(shape["mask"]))))
    wanted = np.ones((4, 6), dtype=bool)
    wanted[1, 1] = False
    assert np.array_equal(crop.astype(bool), wanted)
    assert findings == []


def test_a_mask_without_pixels_leaves_its_box(tmp_path: Path) -> None:
    array = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    empty = Mask(size_hw=(HEIGHT, WIDTH), counts=coco_mask.encode(array)["counts"].decode())
    file, findings = written(tmp_path, Instance(label="cat", box=(1, 2, 3, 4), area=0, shape=empty))
    assert file["shapes"][0]["points"] == [[1, 2], [3, 4]]
    assert [(f.code, f.severity) for f in findings] == [("empty-mask", "warning")]


def group_ids(file: dict[str, Any]) -> list[Any]:
    return [shape["group_id"] for shape in file["shapes"]]


def test_group_ids(tmp_path: Path) -> None:
    file, findings = written(
        tmp_path,
        outline(RING, OTHER),
        box(attributes={"group_id": 4}),
        box("dog", attributes={"group_id": 4}),  # another label: another instance
        outline(RING, OTHER, attributes={"group_id": 9}),
        outline(RING, OTHER, attributes={"group_id": 4}),  # cat 4 is there
        box(attributes={"group_id": 4}),
        outline(RING, OTHER, attributes={"group_id": "x"}),  # labelme wants whole numbers
    )
    assert group_ids(file) == [10, 10, 4, 4, 9, 9, 11, 11, None, 12, 12]
    assert file["shapes"][-1]["attributes"] == {"group_id": "x"}
    assert [(f.code, f.lost, f.message[:2]) for f in findings] == [
        ("group-id-shared", 0, "2 "),
        ("boxes-as-outlines", 0, "3 "),
        ("attributes-moved", 0, "1 "),
    ]
    picture(tmp_path / "a.jpg")
    assert len(read_labelme(tmp_path).image.instances) == 7


@pytest.mark.parametrize(
    "said", [{"flags": {"x": 1}}, {"flags": ["x"]}, {"description": 3}, {"group_id": True}]
)
def test_what_labelme_would_not_open_goes_to_the_attributes(tmp_path: Path, said: Any) -> None:
    file, _ = written(tmp_path, box(attributes=said))
    (shape,) = file["shapes"]
    assert (shape["flags"], shape["description"], shape["group_id"]) == ({}, "", None)
    assert shape["attributes"] == said


def test_what_cannot_be_carried_is_counted(tmp_path: Path) -> None:
    off = Instance(label="cat", box=(0, 0, 1, 1), area=1, shape=Polygons((RING,)))
    keys = {"coco": {"keypoints": [1], "bbox": [10, 12, 20.5, 28]}, "acme": {"id": 2}}
    _, findings = written(
        tmp_path,
        box(iscrowd=True, extra=keys, where="$.x"),
        box(iscrowd=True),
        off,
        extra={"coco": {"license": 1}},
        source="x.json",
    )
    assert [(f.code, f.severity, f.lost, f.message[:2]) for f in findings] == [
        ("crowd-not-kept", "note", 0, "2 "),
        ("box-not-kept", "note", 0, "1 "),
        ("boxes-as-outlines", "note", 0, "2 "),
        ("area-not-carried", "note", 0, "1 "),
        ("keys-not-carried", "note", 0, "1 "),
        ("keys-not-carried", "note", 0, "1 "),
    ]
    assert (findings[0].file, findings[0].where) == ("x.json", "$.x")
    assert "1 image with keys" in findings[4].message
    assert "(license)" in findings[4].message
    assert "(keypoints, id)" in findings[5].message


def test_an_outline_of_four_corners_beside_its_box_is_written(tmp_path: Path) -> None:
    corners = (10.0, 10.0, 30.0, 10.0, 30.0, 30.0, 10.0, 30.0)
    off = Instance(label="cat", box=(0, 0, 1, 1), area=400, shape=Polygons((corners,)))
    file, findings = written(tmp_path, off)
    assert file["shapes"][0]["points"] == [[10, 10], [30, 30]]
    assert [f.code for f in findings] == ["box-not-kept"]


def test_what_is_said_of_the_classes(tmp_path: Path) -> None:
    """labelme has no list of them; an order that is the alphabet's is not lost."""
    names = ("zebra", "cat", "dog", "bird")
    extra = {"coco": {"supercategory": "pet"}}
    header = Header(
        categories=tuple(Category(name=name, extra=extra) for name in names),
        extra={"coco": {"info": {"year": 1}}},
    )
    one = Image(file_name="a.jpg", instances=(outline(RING), outline(OTHER, label="zebra")), **SIZE)
    options = labelme.WriteOptions()
    findings = list(labelme.write(tmp_path / "o", {"all": [one]}, header, options))
    assert [f.code for f in findings] == [
        "keys-not-carried", "keys-not-carried", "classes-not-carried", "class-order-not-carried",
    ]  # fmt: skip
    assert "1 key of the whole dataset" in findings[0].message
    assert "4 classes with keys" in findings[1].message
    assert "2 classes with nothing marked" in findings[2].message
    assert "(dog, bird)" in findings[2].message
    assert findings[3].message.startswith("2 classes lose their order")
    assert findings[3].message.endswith("cat, zebra")
    in_order = Header(categories=(Category(name="cat"), Category(name="zebra")))
    assert list(labelme.write(tmp_path / "p", {"all": [one]}, in_order, options)) == []


def test_splits_are_one_tree(tmp_path: Path) -> None:
    def of(name: str, *instances: Instance) -> Image:
        return Image(file_name=name, instances=instances, **SIZE)

    splits = {
        "train": [of("a.jpg", box()), of("b.jpg", box())],
        "val": [of("a.jpg", box()), of("b.png", box(), box()), of("c.jpg")],
    }
    findings = write_labelme(tmp_path, splits)
    assert sorted(snapshot(tmp_path)) == ["a.json", "b.json", "c.json"]
    assert [(f.code, f.severity, f.lost) for f in findings] == [
        ("image-in-several-splits", "note", 1),
        ("name-collision", "error", 2),
        ("boxes-as-outlines", "note", 0),
        ("splits-not-kept", "note", 0),
    ]
    assert json.loads((tmp_path / "b.json").read_text())["imagePath"] == "b.jpg"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name a folder"):
        labelme.targets(tmp_path / "x.json", ["all"])


# With the rest of dataforge --------------------------------------------------------------------


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
    run(tmp_path / "in", tmp_path / "out", "coco", "labelme", images="reference")
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


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    run(SAMPLE / "labelme", tmp_path / "coco", "labelme", "coco", images="copy")
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
    run(SAMPLE / "labelme", folder / "coco", "labelme", "coco", images="copy")
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


def test_keys_of_labelme_s_own_are_written_again(tmp_path: Path) -> None:
    own = {"labelme": {"reviewer": "Ann", "label": "not this"}}
    document, findings = written(tmp_path, box(extra=own), extra={"labelme": {"project": "p"}})
    assert document["project"] == "p"
    assert document["shapes"][0]["reviewer"] == "Ann"
    assert document["shapes"][0]["label"] == "cat"
    assert [f.code for f in findings] == ["boxes-as-outlines"]
