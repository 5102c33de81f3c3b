"""From COCO to another format and back: what survives is exactly what `lossy` does not speak of.

COCO can hold all of a record, so that two COCO files tell what became of it on the way. That COCO
itself loses nothing is a property test of `formats/coco/test_write.py`; polygons and masks of a
single class through labelme one of `formats/labelme/test_converted.py`.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import HEIGHT, REAL, WIDTH, load_coco, picture, write
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from dataforge.datasets import Source
from dataforge.formats import formats, get_format
from dataforge.jobs import Job, Report
from dataforge.records import Image
from dataforge.testing import driver
from dataforge.verbs.convert import convert

Json = dict[str, Any]
FORMATS = [name for name, row in formats().items() if row.reader and row.writer]


def run(source: Path, out: Path, reads: str, writes: str, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads=reads, writes=writes, **options))


def there_and_back(
    files: dict[str, Json],
    through: str,
    folder: Path,
    size: tuple[int, int] | None = None,
    **options: Any,
) -> dict[str, Json]:
    """COCO files by split, after they went through a format and back to COCO.

    Args:
        files: split -> content.
        through: the format.
        folder: to work in.
        size: of all images, (width, height) in pixels.
        options: of writing the format.
    """  # fmt: skip
    for split, file in files.items():
        write(folder / "in" / "annotations" / f"instances_{split}.json", file)
        for image in file["images"]:
            picture(folder / "in" / image["file_name"], size or (WIDTH, HEIGHT))
    run(folder / "in", folder / "mid", "coco", through, image_mode="copy", write_options=options)
    report = run(folder / "mid", folder / "out", through, "coco")
    return {split: load_coco(folder / "out", split) for split in report.images}


def alone(file: Json, through: str, size: tuple[int, int] | None = None, **options: Any) -> Json:
    """The same for a file that is the only one."""
    with tempfile.TemporaryDirectory() as folder:
        (back,) = there_and_back({"all": file}, through, Path(folder), size, **options).values()
    return back


# What survives ----------------------------------------------------------------------------------

CAT: Json = {"id": 1, "name": "cat", "supercategory": ""}
DOG: Json = {"id": 2, "name": "dog", "supercategory": ""}
RING = [10.0, 12.0, 30.0, 12.0, 30.0, 40.0]
FAR_RING = [50.0, 4.0, 60.0, 4.0, 60.0, 9.0]


def mask(left: int, top: int, hole: bool) -> Json:
    """A square of 6 x 6 pixels, by pycocotools; a hole is of 2 x 2."""
    pixels = np.zeros((HEIGHT, WIDTH), dtype=np.uint8, order="F")
    pixels[top : top + 6, left : left + 6] = 1
    if hole:
        pixels[top + 2 : top + 4, left + 2 : left + 4] = 0
    return {"size": [HEIGHT, WIDTH], "counts": coco_mask.encode(pixels)["counts"].decode()}


def plain() -> Json:
    """A file with one box, and nothing that any format could not hold."""
    box = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 12, 20, 28], "area": 560,
           "iscrowd": 0, "segmentation": []}  # fmt: skip
    image = {"id": 1, "file_name": "a b/ü.jpg", "width": WIDTH, "height": HEIGHT}
    return {"info": {"description": "", "version": "1.0"}, "licenses": [], "images": [image],
            "annotations": [box], "categories": [dict(CAT)]}  # fmt: skip


class Aspect:
    """Something that a dataset says.

    Args:
        change: makes a plain file say it.
        view: what of a file says it.
        besides: other aspects that the file has then.
    """

    def __init__(
        self,
        change: Callable[[Json], Any],
        view: Callable[[Json], Any],
        besides: tuple[str, ...] = ("no outline",),
    ) -> None:
        self.file = plain()
        change(self.file)
        self.view = view
        self.besides = besides

    def survives(self, through: str, **options: Any) -> bool:
        """Whether it is there after a way through a format and back."""
        before = self.view(copy.deepcopy(self.file))
        return bool(before == self.view(alone(self.file, through, **options)))


def of_box(**keys: Any) -> Callable[[Json], Any]:
    return lambda file: file["annotations"][0].update(keys)


def of_image(**keys: Any) -> Callable[[Json], Any]:
    return lambda file: file["images"][0].update(keys)


def each(*keys: str) -> Callable[[Json], Any]:
    """What all annotations have under some keys."""
    return lambda file: [[one.get(key) for key in keys] for one in file["annotations"]]


def attribute(name: str) -> Callable[[Json], Any]:
    """What all annotations say in an attribute, where their own file says it."""
    return lambda file: [(one.get("attributes") or {}).get(name) for one in file["annotations"]]


def boxes(file: Json) -> Any:
    names = {one["id"]: one["name"] for one in file["categories"]}
    return [
        (names[one["category_id"]], [round(value, 6) for value in one["bbox"]])
        for one in file["annotations"]
    ]


def named_crowds(file: Json) -> Any:
    names = {one["id"]: one["name"] for one in file["categories"]}
    return [(one["iscrowd"], names[one["category_id"]]) for one in file["annotations"]]


def size_of_images(file: Json) -> Any:
    return [(image["width"], image["height"]) for image in file["images"]]


def names_of_images(file: Json) -> Any:
    folders = ("JPEGImages/", "images/", "all/", "images/", "image_2/")
    names = [image["file_name"] for image in file["images"]]
    for folder in folders:
        names = [name.removeprefix(folder) for name in names]
    return names


def other_image(file: Json) -> None:
    file["images"].append({"id": 2, "file_name": "none.jpg", "width": WIDTH, "height": HEIGHT})


def two_rings(file: Json) -> None:
    of_box(segmentation=[RING, FAR_RING], bbox=[10, 4, 50, 36], area=305)(file)


def two_classes(file: Json) -> None:
    file["categories"] = [CAT | {"id": 2, "name": "zebra"}, CAT]
    file["annotations"].append(file["annotations"][0] | {"id": 2, "category_id": 2})


def named_keypoints(file: Json) -> None:
    file["categories"][0].update(keypoints=["nose", "tail"], skeleton=[[1, 2]])


def with_keypoints(file: Json) -> None:
    named_keypoints(file)
    of_box(keypoints=[12.5, 13, 2, 0, 0, 0], num_keypoints=1)(file)


ASPECTS: dict[str, Aspect] = {
    "box and class": Aspect(lambda file: None, boxes),
    "image name": Aspect(lambda file: None, names_of_images),
    "image size": Aspect(lambda file: None, size_of_images),
    "empty image": Aspect(other_image, lambda file: len(file["images"])),
    "fraction": Aspect(of_box(bbox=[10.5, 12.25, 0.125, 28.75], area=3.59375), boxes),
    "box outside": Aspect(of_box(bbox=[-10, 12, 20, 90], area=1800), boxes),
    "box without area": Aspect(of_box(bbox=[10, 12, 0, 9], area=0), boxes),
    "no outline": Aspect(lambda file: None, each("segmentation")),
    "polygon": Aspect(of_box(segmentation=[RING], area=280), each("segmentation", "area"), ()),
    "several rings": Aspect(two_rings, each("segmentation", "area"), ()),
    "mask": Aspect(
        of_box(segmentation=mask(10, 12, hole=False), bbox=[10, 12, 6, 6], area=36),
        each("segmentation", "area"),
        (),
    ),
    "area of its own": Aspect(of_box(area=7), each("area")),
    "box beside outline": Aspect(
        of_box(segmentation=[RING], bbox=[9, 12, 22, 30], area=280), boxes, ("polygon",)
    ),
    "crowd": Aspect(of_box(iscrowd=1), each("iscrowd"), ("no outline", "class of a crowd")),
    "class of a crowd": Aspect(of_box(iscrowd=1), named_crowds, ("no outline", "crowd")),
    "difficult": Aspect(of_box(attributes={"difficult": True}), attribute("difficult")),
    "pose": Aspect(of_box(attributes={"pose": "Left"}), attribute("pose")),
    "truncated": Aspect(of_box(attributes={"truncated": True}), attribute("truncated")),
    "description": Aspect(of_box(attributes={"description": "big"}), attribute("description")),
    "other attribute": Aspect(of_box(attributes={"colour": "red"}), attribute("colour")),
    "own key": Aspect(of_box(track=7), each("track")),
    "flags of image": Aspect(
        of_image(attributes={"flags": {"night": True}}),
        lambda file: [image.get("attributes") for image in file["images"]],
    ),
    "own key of image": Aspect(
        of_image(license=3), lambda file: [image.get("license") for image in file["images"]]
    ),
    "order of classes": Aspect(
        two_classes, lambda file: [one["name"] for one in file["categories"]]
    ),
    "class of nothing": Aspect(
        lambda file: file["categories"].append(DOG),
        lambda file: [one["name"] for one in file["categories"]],
    ),
    "keypoints": Aspect(
        with_keypoints, each("keypoints", "num_keypoints"), ("no outline", "names of keypoints")
    ),
    "names of keypoints": Aspect(named_keypoints, lambda file: file["categories"]),
    "own key of class": Aspect(
        lambda file: file["categories"][0].update(supercategory="pet"),
        lambda file: file["categories"],
    ),
    "own key of dataset": Aspect(
        lambda file: file.update(info={"year": 2024}), lambda file: file["info"]
    ),
}

PLAIN = ("box and class", "image name", "image size", "no outline")


@pytest.mark.parametrize("what", sorted(ASPECTS.keys() - set(PLAIN)))
def test_each_aspect_differs_from_a_plain_file(what: str) -> None:
    aspect = ASPECTS[what]
    assert aspect.view(copy.deepcopy(aspect.file)) != aspect.view(plain())


# Format -> what does not survive it -> (words of the sentence in `lossy` that says so, code of the
# finding that reports it).
BOXES: dict[str, tuple[str, str]] = {
    "polygon": ("outlines and masks", "outlines-not-carried"),
    "several rings": ("outlines and masks", "outlines-not-carried"),
    "mask": ("outlines and masks", "outlines-not-carried"),
    "area of its own": ("an area that differs from that of the box", "area-not-carried"),
    "crowd": ("whether it is a crowd", "crowd-not-kept"),
    "class of a crowd": ("whether it is a crowd", "crowd-not-kept"),
    "difficult": ("whether an object is difficult", "attributes-not-carried"),
    "pose": ("attributes", "attributes-not-carried"),
    "truncated": ("attributes", "attributes-not-carried"),
    "description": ("attributes", "attributes-not-carried"),
    "other attribute": ("attributes", "attributes-not-carried"),
    "own key": ("keys that only", "keys-not-carried"),
    "flags of image": ("attributes", "image-attributes-not-carried"),
    "own key of image": ("keys that only", "keys-not-carried"),
    "order of classes": ("the order of the classes", "class-order-not-carried"),
    "class of nothing": ("classes without instances", "classes-not-carried"),
    "keypoints": ("keypoints of objects", "keypoints-not-carried"),
    "names of keypoints": ("keypoints of objects", "keypoint-names-not-carried"),
    "own key of class": ("keys that only", "keys-not-carried"),
    "own key of dataset": ("keys that only", "keys-not-carried"),
}
"""Of formats that hold boxes and names."""

LOST: dict[str, dict[str, tuple[str, str]]] = {
    "coco": {},
    "createml": BOXES,
    "csv": BOXES,
    "dota": {
        "no outline": ("whether an instance is only a box", "boxes-as-outlines"),
        "polygon": ("polygons with other than four", "outlines-as-turned-boxes"),
        "several rings": ("polygons with other than four", "outlines-as-turned-boxes"),
        "mask": ("polygons with other than four", "outlines-as-turned-boxes"),
        "area of its own": ("a box or an area", "area-not-carried"),
        "box beside outline": ("a box or an area", "outlines-as-turned-boxes"),
        "class of a crowd": ("crowds: written", "crowd-not-kept"),
        "crowd": ("crowds: written", "crowd-not-kept"),
        "pose": ("attributes other than", "attributes-not-carried"),
        "truncated": ("attributes other than", "attributes-not-carried"),
        "description": ("attributes other than", "attributes-not-carried"),
        "other attribute": ("attributes other than", "attributes-not-carried"),
        "own key": ("keys that only", "keys-not-carried"),
        "flags of image": ("attributes other than", "image-attributes-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "order of classes": ("the order of classes", "class-order-not-carried"),
        "class of nothing": ("classes without instances", "classes-not-carried"),
        "keypoints": ("keypoints of objects", "keypoints-not-carried"),
        "names of keypoints": ("keypoints of objects", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "cvat": {
        "several rings": ("several polygons", "outlines-as-masks"),
        "area of its own": ("an area that differs", "area-not-carried"),
        "box beside outline": ("a box that is not", "box-not-kept"),
        "flags of image": ("attributes of images", "image-attributes-not-carried"),
        "own key": ("keys that only", "keys-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "keypoints": ("keypoints of objects", "keypoints-not-carried"),
        "names of keypoints": ("keypoints of objects", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "kitti": {
        "polygon": ("polygons and masks", "outlines-not-carried"),
        "several rings": ("polygons and masks", "outlines-not-carried"),
        "mask": ("polygons and masks", "outlines-not-carried"),
        "area of its own": ("an area that differs from that of the box", "area-not-carried"),
        "class of a crowd": ("crowds", "crowd-not-kept"),
        "difficult": ("difficult", "attributes-not-carried"),
        "pose": ("attributes other than", "attributes-not-carried"),
        "description": ("attributes other than", "attributes-not-carried"),
        "other attribute": ("attributes other than", "attributes-not-carried"),
        "own key": ("keys that only", "keys-not-carried"),
        "flags of image": ("all attributes of images", "image-attributes-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "order of classes": ("the order of classes", "class-order-not-carried"),
        "class of nothing": ("classes without instances", "classes-not-carried"),
        "keypoints": ("keypoints of objects", "keypoints-not-carried"),
        "names of keypoints": ("keypoints of objects", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "labelme": {
        "no outline": ("whether an instance is only a box", "boxes-as-outlines"),
        "area of its own": ("a box or an area", "area-not-carried"),
        "box beside outline": ("a box or an area", "box-not-kept"),
        "crowd": ("whether an instance is a crowd", "crowd-not-kept"),
        "class of a crowd": ("whether an instance is a crowd", "crowd-not-kept"),
        "pose": ("attributes that labelme does not know", "attributes-moved"),
        "truncated": ("attributes that labelme does not know", "attributes-moved"),
        "other attribute": ("attributes that labelme does not know", "attributes-moved"),
        "own key": ("keys that only", "keys-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "order of classes": ("the order of the classes", "class-order-not-carried"),
        "class of nothing": ("classes without instances", "classes-not-carried"),
        "keypoints": ("keypoints are points", "keypoint-names-not-carried"),
        "names of keypoints": ("keypoints are points", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "labelstudio": {
        what: how
        for what, how in BOXES.items()
        if what not in ("polygon", "several rings", "mask", "area of its own")
    }
    | {
        "several rings": ("several polygons of an object", "rings-joined"),
        "area of its own": ("a box or an area", "area-not-carried"),
        "box beside outline": ("a box or an area", "box-not-kept"),
    },
    "via": {
        "several rings": ("several polygons of an object", "rings-joined"),
        "mask": ("masks", "mask-as-outline"),
        "area of its own": ("a box or an area", "area-not-carried"),
        "box beside outline": ("a box or an area", "box-not-kept"),
        "crowd": ("whether an object is a crowd", "crowd-not-kept"),
        "class of a crowd": ("whether an object is a crowd", "crowd-not-kept"),
        "own key": ("keys that only", "keys-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "keypoints": ("keypoints of objects", "keypoints-not-carried"),
        "names of keypoints": ("keypoints of objects", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "voc": {
        "polygon": ("polygons and masks", "outlines-not-carried"),
        "several rings": ("polygons and masks", "outlines-not-carried"),
        "mask": ("polygons and masks", "outlines-not-carried"),
        "area of its own": ("an area that differs from that of the box", "area-not-carried"),
        "crowd": ("crowds", "crowd-as-difficult"),
        "class of a crowd": ("crowds", "crowd-as-difficult"),
        "description": ("attributes other than", "attributes-not-carried"),
        "other attribute": ("attributes other than", "attributes-not-carried"),
        "own key": ("keys that only", "keys-not-carried"),
        "flags of image": ("all attributes of images", "image-attributes-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "keypoints": ("keypoints", "keypoints-not-carried"),
        "names of keypoints": ("keypoints", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
    "yolo": {
        "polygon": ("polygons and masks", "outlines-not-carried"),
        "several rings": ("polygons and masks", "outlines-not-carried"),
        "mask": ("polygons and masks", "outlines-not-carried"),
        "box outside": ("lies outside its image", "clipped-to-image"),
        "box without area": ("boxes without area", "nothing-in-image"),
        "area of its own": ("an area that differs from that of the box", "area-not-carried"),
        "crowd": ("crowds", "crowds-left-out"),
        "class of a crowd": ("crowds", "crowds-left-out"),
        "difficult": ("difficult", "attributes-not-carried"),
        "pose": ("all other attributes", "attributes-not-carried"),
        "truncated": ("all other attributes", "attributes-not-carried"),
        "description": ("all other attributes", "attributes-not-carried"),
        "other attribute": ("all other attributes", "attributes-not-carried"),
        "own key": ("keys that only", "keys-not-carried"),
        "flags of image": ("of images", "image-attributes-not-carried"),
        "own key of image": ("keys that only", "keys-not-carried"),
        "keypoints": ("keypoints, unless", "keypoints-not-carried"),
        "names of keypoints": ("keypoints, unless", "keypoint-names-not-carried"),
        "own key of class": ("keys that only", "keys-not-carried"),
        "own key of dataset": ("keys that only", "keys-not-carried"),
    },
}

# Sentences of `lossy` that other tests are about: what is lost when such a file is *read*, when
# outlines are written to YOLO, and splits, which this file has below.
ELSEWHERE: dict[str, set[str]] = {
    "coco": {"the ids of images", "the encoding of a mask", "keys that only another"},
    "createml": {"the sizes of the images"},
    "csv": {"images without objects have no rows"},
    "cvat": {
        "polylines, points",
        "which frames of a track",
        "colours of labels",
        "attributes that are no text",
    },
    "dota": {"white space in names"},
    "kitti": {"3D fields that are all zero", "of a class DontCare", "white space in names"},
    "labelme": {"lines and points", "which images are in which split"},
    "labelstudio": {"points and lines", "the sizes of images"},
    "via": {"points and lines", "the sizes of the images"},
    "voc": {"parts (person layout)", "source, owner, folder"},
    "yolo": {"holes and gaps"},
}


@cache
def lost_through(name: str) -> frozenset[str]:
    return frozenset(what for what, aspect in ASPECTS.items() if not aspect.survives(name))


@pytest.mark.parametrize("name", FORMATS)
def test_actual_losses_match_the_expected_ones(name: str) -> None:
    assert lost_through(name) == set(LOST[name])


@pytest.mark.parametrize("name", FORMATS)
def test_lossy_documents_exactly_the_known_losses(name: str) -> None:
    lossy = get_format(name).lossy
    spoken_of = {*(words for words, _ in LOST[name].values()), *ELSEWHERE[name]}
    for words in spoken_of:
        assert any(words in sentence for sentence in lossy), words
    for sentence in lossy:
        assert any(words in sentence for words in spoken_of), sentence


@pytest.mark.parametrize("name", FORMATS)
def test_exactly_the_losses_are_reported(name: str, tmp_path: Path) -> None:
    for number, (what, aspect) in enumerate(ASPECTS.items()):
        folder = tmp_path / str(number)
        write(folder / "in" / "x.json", aspect.file)
        for image in aspect.file["images"]:
            picture(folder / "in" / image["file_name"])
        report = run(folder / "in", folder / "out", "coco", name, image_mode="copy")
        codes = {finding.code for finding in report.findings} - {"split-made-up", "zero-area"}
        if name == "kitti" and "crowd" in what:
            codes.remove("classes-not-carried")  # of the crowd, which was its only object
        lost = [LOST[name][one] for one in (what, *aspect.besides) if one in LOST[name]]
        assert codes == {code for _, code in lost}, what


@pytest.mark.parametrize("name", FORMATS)
def test_splits_survive_where_supported(name: str, tmp_path: Path) -> None:
    files = {"train": plain(), "val": plain()}
    files["val"]["images"][0]["file_name"] = "v.jpg"
    files["val"]["annotations"][0]["bbox"] = [1, 2, 3, 4]
    back = there_and_back(files, name, tmp_path)
    found = {split: boxes(file) for split, file in back.items()}
    if name == "labelme":
        assert found == {"all": [*boxes(files["train"]), *boxes(files["val"])]}
    else:
        assert found == {"train": boxes(files["train"]), "val": boxes(files["val"])}


def test_unknown_keys_return_from_labelme_inside_attributes() -> None:
    said = {"pose": "Left", "truncated": True, "colour": "red", "description": "big"}
    file = plain()
    of_box(attributes=dict(said))(file)
    (back,) = alone(file, "labelme")["annotations"]
    description = said.pop("description")
    assert back["attributes"] == {"description": description, "attributes": said}


def test_outlines_survive_yolo_when_asked() -> None:
    """But for holes and gaps: a mask comes back as its outline, several rings as one."""
    kept = ("box and class", "polygon", "fraction")
    for what in kept:
        assert ASPECTS[what].survives("yolo", segments=True), what
    for what in ("several rings", "no outline"):
        assert not ASPECTS[what].survives("yolo", segments=True), what
    file = plain()
    of_box(segmentation=mask(10, 12, hole=True), bbox=[10, 12, 6, 6], area=32)(file)
    (back,) = alone(file, "yolo", segments=True)["annotations"]
    assert (back["bbox"], back["area"]) == ([10, 12, 6, 6], 32)
    (rle,) = [coco_mask.merge(coco_mask.frPyObjects(back["segmentation"], HEIGHT, WIDTH))]
    assert rle["counts"].decode() == mask(10, 12, hole=True)["counts"]


# What is lost between any two formats, by count -------------------------------------------------

Said = dict[str, tuple[int, set[str]]]
"""Code of a finding, with what has the keys that are lost -> (the number and the names it says)."""

CATEGORY = {"id", "name", "keypoints", "skeleton"}
IMAGE = {"id", "file_name", "width", "height", "attributes"}
ANNOTATION = {"id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation",
              "attributes"}  # fmt: skip
CROWDS = dict.fromkeys(LOST, "crowd-not-kept") | {
    "coco": "", "cvat": "", "voc": "crowd-as-difficult", "yolo": "crowds-left-out"
}  # fmt: skip
ATTRIBUTES = dict.fromkeys(LOST, "attributes-not-carried") | {
    "coco": "", "labelme": "attributes-moved"
}  # fmt: skip


class Losses:
    """What one COCO file says and another does not, as writers are to report it.

    Args:
        one: what a dataset says as COCO.
        other: what it says after it was converted to `through`.
    """

    def __init__(self, one: Json, other: Json, through: str) -> None:
        self.through = through
        self.said: Said = {}
        self.of_keys("key", [one], [other], {"images", "annotations", "categories"})
        self.of_classes(one, other)
        images = by_image(one)
        others = by_image(other)
        assert images.keys() == others.keys()
        for name, (image, marks) in images.items():
            again, left = others[name]
            self.of_keys("image", [image], [again], IMAGE)
            lost = changed(image.get("attributes") or {}, again.get("attributes") or {})
            self.count("image-attributes-not-carried", lost)
            if through == "yolo":
                crowds = [mark for mark in marks if mark["iscrowd"]]
                marks = [mark for mark in marks if not mark["iscrowd"]]
                for _ in crowds:
                    self.count("crowds-left-out", {""})
            names = [{c["id"]: c["name"] for c in file["categories"]} for file in (one, other)]
            for mark, remains in zip(marks, left, strict=True):
                changes = names[0][mark["category_id"]] != names[1][remains["category_id"]]
                self.of_mark(mark, remains, changes)

    def count(self, code: str, names: set[str]) -> None:
        """One more, if there is a name."""
        if names:
            number, before = self.said.get(code, (0, set()))
            self.said[code] = number + 1, before | (names - {""})

    def of_keys(self, what: str, ones: list[Json], others: list[Json], known: set[str]) -> None:
        for one, other in zip(ones, others, strict=True):
            keys = changed(one, other) - known
            if what == "key":  # of the dataset: counted one by one
                for key in keys:
                    self.count(f"keys-not-carried: {what}", {key})
            else:
                self.count(f"keys-not-carried: {what}", keys)

    def of_classes(self, one: Json, other: Json) -> None:
        left = {category["name"]: category for category in other["categories"]}
        kept = [category["name"] for category in one["categories"] if category["name"] in left]
        for category in one["categories"]:
            name = category["name"]
            again = left.get(name, {"supercategory": ""})
            self.of_keys("class", [category], [again], CATEGORY)
            names = category.get("keypoints", [])
            if again.get("keypoints", []) != names:
                self.count("keypoint-names-not-carried", {*names})
            if name not in left:
                self.count("classes-not-carried", {name})
        if kept != [name for name in left if name in kept]:  # KITTI adds a class for crowds
            for _ in kept:
                self.count("class-order-not-carried", {""})

    def of_mark(self, mark: Json, remains: Json, is_of_another: bool) -> None:
        joined = self.through == "cvat" and len(mark["segmentation"]) > 1
        joined = joined and isinstance(mark["segmentation"], list)
        outline = bool(mark["segmentation"]), bool(remains["segmentation"])
        corners = mark["segmentation"]
        turned = self.through == "dota" and bool(corners) and (
            isinstance(corners, dict) or len(corners) > 1 or len(corners[0]) != 8
        )  # fmt: skip
        self.count("outlines-as-turned-boxes", {""} if turned else set())
        for code, lost in (
            ("outlines-not-carried", outline == (True, False)),
            ("boxes-as-outlines", outline == (False, True)),
            # An outline takes its area with it.
            ("outlines-as-masks", joined),
            ("area-not-carried", outline != (True, False) and not turned and not joined
             and mark["area"] != pytest.approx(remains["area"], rel=1e-6)),
            ("clipped-to-image" if self.through == "yolo" and beyond(mark) else "box-not-kept",
             not turned and not joined
             and mark["bbox"] != pytest.approx(remains["bbox"], rel=1e-6)),
            ("mask-as-outline", not turned and isinstance(mark["segmentation"], dict)
             and isinstance(remains["segmentation"], list) and outline == (True, True)),
            ("rings-joined", self.through in ("labelstudio", "via") and is_in_parts(mark)
             and not is_in_parts(remains)),
            (CROWDS.get(self.through, ""),
             mark["iscrowd"] and (is_of_another or not remains["iscrowd"])),
        ):  # fmt: skip
            self.count(code, {""} if lost else set())
        self.of_keys("instance", [mark], [remains], ANNOTATION)
        lost_names = changed(mark.get("attributes") or {}, remains.get("attributes") or {})
        # What moved into an attribute of this name changes that, and is said by its own.
        if self.through == "labelme" and lost_names != {"attributes"}:
            lost_names -= {"attributes"}
        self.count(ATTRIBUTES.get(self.through, ""), lost_names)


def is_in_parts(mark: Json) -> bool:
    """Whether an outline has several rings, or a mask a hole."""
    outline = mark["segmentation"]
    if isinstance(outline, dict):
        return bool(mark["area"] != mark["bbox"][2] * mark["bbox"][3])  # of those drawn here
    return len(outline) > 1


def beyond(mark: Json) -> bool:
    """Whether a box extends beyond its image, as the smallest turned box around a polygon may."""
    x, y, w, h = mark["bbox"]
    return bool(x < 0 or y < 0 or x + w > WIDTH or y + h > HEIGHT)


def changed(one: Json, other: Json) -> set[str]:
    """Keys whose values are not the same in the other."""
    return {key for key, value in one.items() if key not in other or other[key] != value}


def by_image(file: Json) -> dict[str, tuple[Json, list[Json]]]:
    """Last part of an image's name -> (the image, what is marked in it)."""
    return {
        image["file_name"].rpartition("/")[2]: (
            image,
            [one for one in file["annotations"] if one["image_id"] == image["id"]],
        )
        for image in file["images"]
    }


def reported(report: Report) -> Said:
    """What a conversion says that it lost, taken from the words of its findings."""
    found: Said = {}
    codes = {code for table in LOST.values() for _, code in table.values()}
    for finding in report.findings:
        if finding.code not in codes:
            continue
        number, _, what = finding.message.partition(" ")
        whose = next(
            (noun for noun in ("key", "class", "image") if what.startswith(noun)), "instance"
        )
        is_of_keys = finding.code == "keys-not-carried"
        code = f"{finding.code}: {whose}" if is_of_keys else finding.code
        names = re.search(r"\((.*)\)", finding.message)
        assert code not in found
        found[code] = int(number.replace(",", "")), set(names[1].split(", ") if names else ())
    return found


SEGMENTATIONS: dict[str, Json] = {
    "box": {},
    "polygon": {"segmentation": [RING], "area": 280},
    "rings": {"segmentation": [RING, FAR_RING], "bbox": [10, 4, 50, 36], "area": 305},
    "mask": {"segmentation": mask(10, 12, hole=True), "bbox": [10, 12, 6, 6], "area": 32},
    "four corners": {"segmentation": [[10, 12, 30, 12, 30, 40, 10, 40]]},
}
SAYS: dict[str, Json] = {"difficult": True, "pose": "Left", "truncated": True,
                         "description": "big", "colour": "red"}  # fmt: skip


def mark_of(kind: str, label: int, says: set[str], own_area: bool, crowd: bool, key: bool) -> Json:
    mark = plain()["annotations"][0] | SEGMENTATIONS[kind] | {"category_id": label}
    more: Json = {"attributes": {name: SAYS[name] for name in sorted(says)}} if says else {}
    more |= {"track": 7} if key else {}
    return copy.deepcopy(mark | more | {"iscrowd": int(crowd)} | ({"area": 7} if own_area else {}))


SOME = st.booleans()
SOME_MARKS = st.lists(
    st.builds(mark_of, st.sampled_from(sorted(SEGMENTATIONS)), st.integers(1, 3),
              st.sets(st.sampled_from(sorted(SAYS))), SOME, SOME, SOME),
    max_size=3,
)  # fmt: skip


def dataset_of(images: list[list[Json]], names: list[str], dataset: bool, klass: bool,
               key: bool, flags: bool) -> Json:  # fmt: skip
    """A COCO file whose images hold such marks; the rest is what else it says."""
    file = plain() | ({"info": {"year": 2024}, "videos": [1]} if dataset else {})
    more = {"supercategory": "pet", "keypoints": ["tail"]} if klass else {}
    file["categories"] = [{"id": i, "name": name, "supercategory": ""} | more
                          for i, name in enumerate(names, 1)]  # fmt: skip
    image = file["images"][0]
    image |= {"license": 3} if key else {}
    image |= {"attributes": {"flags": {"night": True}}} if flags else {}
    file["images"] = [image | {"id": i, "file_name": f"{i}.jpg"} for i in range(len(images))]
    marks = [mark | {"image_id": i} for i, marks in enumerate(images) for mark in marks]
    file["annotations"] = [mark | {"id": i} for i, mark in enumerate(marks)]
    return file


EVERYTHING = dataset_of(
    [[mark_of(kind, label, {*SAYS} if odd else set(), odd, crowd, odd)
      for kind in SEGMENTATIONS for odd in (False, True) for crowd in (False, True)]
     for label in (1, 2)],
    ["zebra", "cat", "dog"], True, True, True, True,
)  # fmt: skip
BESIDE = copy.deepcopy(EVERYTHING)
BESIDE["annotations"] = [mark | {"bbox": [9, 9, 50, 30]} for mark in BESIDE["annotations"]]


@pytest.mark.parametrize("writes", FORMATS)
@pytest.mark.parametrize("reads", FORMATS)
@settings(max_examples=6)
@given(
    st.builds(
        dataset_of, st.lists(SOME_MARKS, min_size=1, max_size=2),
        st.permutations(["cat", "dog", "zebra"]), SOME, SOME, SOME, SOME,
    )
)  # fmt: skip
@example(EVERYTHING)
@example(BESIDE)
def test_findings_count_exactly_the_losses_between_formats(
    reads: str, writes: str, file: Json
) -> None:
    """The dataset as COCO, before and after, tells what was lost."""
    if reads == writes != "coco" or not any(not one["iscrowd"] for one in file["annotations"]):
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in" / "x.json", file)
        for image in file["images"]:
            picture(folder / "in" / image["file_name"])
        run(folder / "in", folder / "one", "coco", reads, image_mode="copy")
        report = run(folder / "one", folder / "other", reads, writes, image_mode="copy")
        files = []
        for folder_, format_ in ((folder / "one", reads), (folder / "other", writes)):
            run(folder_, folder_ / "as.json", format_, "coco")
            files.append(json.loads((folder_ / "as.json").read_text("utf-8")))
    assert reported(report) == Losses(files[0], files[1], writes).said


# Boxes ------------------------------------------------------------------------------------------

# On such a grid x + w, and x + w - x, are no rounded numbers.
GRID = st.integers(-200_000, 4_000_000).map(lambda n: n / 1024)
SIDES = st.integers(1, 4_000_000).map(lambda n: n / 1024)
FLOATS = st.floats(-100, 5000)
LENGTHS = st.floats(0.001, 5000)


def file_of(found: list[tuple[float, ...]], size: tuple[int, int] = (WIDTH, HEIGHT)) -> Json:
    """A COCO file of one image with boxes, in turns of two classes."""
    file = plain()
    file["categories"].append(dict(DOG))
    file["images"][0].update(width=size[0], height=size[1])
    file["annotations"] = [
        file["annotations"][0] | {"id": i, "category_id": 1 + i % 2, "bbox": [*box],
                                  "area": box[2] * box[3]}
        for i, box in enumerate(found, 1)
    ]  # fmt: skip
    return file


@settings(max_examples=30)
@given(
    st.lists(st.tuples(GRID, GRID, SIDES, SIDES), min_size=1, max_size=5),
    st.sampled_from(["voc", "mmdet", "zero"]),
)
def test_boxes_through_voc_are_exactly_the_same(
    found: list[tuple[float, ...]], coords: str
) -> None:
    file = file_of(found)
    back = alone(file, "voc", coords=coords)
    for one, other in zip(file["annotations"], back["annotations"], strict=True):
        assert (other["category_id"], other["bbox"]) == (one["category_id"], one["bbox"])


@settings(max_examples=30)
@given(
    st.lists(st.tuples(FLOATS, FLOATS, LENGTHS, LENGTHS), min_size=1, max_size=5),
    st.sampled_from(["voc", "mmdet", "zero"]),
)
def test_edges_of_any_floats_are_exactly_the_same_in_voc(
    found: list[tuple[float, ...]], coords: str
) -> None:
    """COCO states w and VOC the edge x + w, a rounded number: the edges are kept to the bit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "in" / "x.json", file_of(found))
        picture(folder / "in" / "a b" / "ü.jpg")
        options: Json = {"write_options": {"coords": coords}, "image_mode": "copy"}
        run(folder / "in", folder / "voc", "coco", "voc", **options)
        source = Source(str(folder / "voc"), "voc", {})
        records = driver.read(source.format, source.root, source.options, layout=source.layout)
        (image,) = [record for record in records if isinstance(record, Image)]
        back = run(folder / "voc", folder / "out.json", "voc", "coco")
        written = json.loads((folder / "out.json").read_text())["annotations"]
    assert [one.box for one in image.instances] == [(x, y, x + w, y + h) for x, y, w, h in found]
    for box, one in zip(found, written, strict=True):
        assert one["bbox"][:2] == list(box[:2])
        for at in (0, 1):
            bound = 2 * np.spacing(abs(box[at]) + box[at + 2])  # two roundings
            assert abs(one["bbox"][at + 2] - box[at + 2]) <= bound
    assert not back.failed


@settings(max_examples=25)
@given(
    st.sampled_from([(64, 48), (7, 301), (333, 1)]),
    st.lists(st.tuples(*[st.floats(0, 1)] * 2, *[st.floats(0.001, 1)] * 2), min_size=1, max_size=5),
)
def test_boxes_through_yolo_are_the_same_to_a_millionth(
    size: tuple[int, int], parts: list[tuple[float, ...]]
) -> None:
    """x, y, w and h of boxes in the image, relative to the image's own size and to themselves."""
    w, h = size
    found = [
        (a * 0.9 * w, b * 0.9 * h, c * (1 - a * 0.9) * w, d * (1 - b * 0.9) * h)
        for a, b, c, d in parts
    ]
    file = file_of(found, size)
    back = alone(file, "yolo", size)
    for one, other in zip(file["annotations"], back["annotations"], strict=True):
        assert other["category_id"] == one["category_id"]
        assert other["bbox"] == pytest.approx(one["bbox"], rel=1e-6, abs=1e-9)
        assert other["area"] == pytest.approx(one["area"], rel=1e-6)


# Outlines ---------------------------------------------------------------------------------------

NUMBERS = st.floats(0, 60) | st.integers(0, 60)
TRIANGLES = st.lists(NUMBERS, min_size=6, max_size=6)
SQUARES = st.tuples(st.integers(0, WIDTH - 6), st.integers(0, HEIGHT - 6), st.booleans())
MARKS = st.lists(
    st.lists(TRIANGLES, min_size=1, max_size=2) | SQUARES.map(lambda at: mask(*at)),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=30)
@given(MARKS)
def test_outlines_of_two_classes_through_labelme(marks: list[Any]) -> None:
    """Polygons to the bit, masks to the pixel, each with its class and in its place."""
    file = file_of([(1, 2, 3, 4)] * len(marks))
    for one, segmentation in zip(file["annotations"], marks, strict=True):
        one.update(segmentation=segmentation, bbox=None, area=None)
    back = alone(file, "labelme")
    names = {one["id"]: one["name"] for one in back["categories"]}
    assert [(names[one["category_id"]], one["segmentation"]) for one in back["annotations"]] == [
        ("dog" if i % 2 else "cat", marks[i - 1]) for i in range(1, len(marks) + 1)
    ]
    for one in back["annotations"]:
        if isinstance(one["segmentation"], dict):
            assert one["area"] == coco_mask.area(one["segmentation"])
            assert one["bbox"] == list(coco_mask.toBbox(one["segmentation"]))


# Real data --------------------------------------------------------------------------------------


@pytest.mark.skipif(not (REAL / "bccd").exists(), reason="real data are not here")
def test_bccd_through_coco_yolo_voc_and_back_to_coco(tmp_path: Path) -> None:
    """364 images and 4,888 boxes; every box within a millionth of the first.

    As from 0, two of them have no area, which YOLO cannot store.
    """
    options: Json = {"read_options": {"coords": "voc"}}
    steps = ("voc", "coco", "yolo", "voc", "coco")
    source = REAL / "bccd" / "BCCD"
    for number, (reads, writes) in enumerate(pairwise(steps), 1):
        out = tmp_path / f"{number}-{writes}"
        links = {"image_mode": "symlink", "follow_links": True}
        report = run(source, out, reads, writes, **links, **options)
        options = {}
        assert not report.failed
        assert (sum(report.images.values()), report.shapes) == (364, 4888)
        assert report.lost == {}
        source = out
    first, last = tmp_path / "1-coco", tmp_path / "4-coco"
    number = 0
    for split in ("train", "val", "test"):
        one, other = (boxes_by_image(load_coco(folder, split)) for folder in (first, last))
        assert one.keys() == other.keys()
        for name, marked in one.items():
            assert [label for label, _ in marked] == [label for label, _ in other[name]]
            for (_, box), (_, again) in zip(marked, other[name], strict=True):
                assert again == pytest.approx(box, rel=1e-6, abs=0)
                number += 1
    assert number == 4888


def boxes_by_image(file: Json) -> dict[str, list[tuple[str, list[float]]]]:
    """Last part of an image's name -> (class, bbox) of what is marked in it."""
    names = {one["id"]: one["name"] for one in file["categories"]}
    images = {one["id"]: one["file_name"].rpartition("/")[2] for one in file["images"]}
    found: dict[str, list[tuple[str, list[float]]]] = {name: [] for name in images.values()}
    for one in file["annotations"]:
        found[images[one["image_id"]]].append((names[one["category_id"]], one["bbox"]))
    return found
