"""YOLO text files as they are written, read again by Ultralytics' documented rules."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml
from formats.yolo.test_read import EDGES, YoloRead, of_train
from helpers import REAL, picture, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataforge import geometry
from dataforge.findings import Finding, Place
from dataforge.formats import Numbered, WritePlan
from dataforge.formats.yolo import FORMAT
from dataforge.records import Box, Category, Header, Image, Instance, Polygons
from dataforge.testing import driver

# Writing ----------------------------------------------------------------------------------------


def thing(box: Box = EDGES, label: str = "cat", **more: Any) -> Instance:
    """With the area of its outline, or of its box, if not told otherwise."""
    more = {"area": geometry.shape_area(more.get("shape"), box, 64, 48)} | more
    return Instance(label=label, box=box, **more)


def photo(*instances: Instance, name: str = "a.jpg", size: tuple[int, int] = (64, 48)) -> Image:
    return Image(
        file_name=name,
        width=size[0],
        height=size[1],
        instances=instances,
        place=Place("a.json"),
    )


def write_yolo(
    out: Path,
    splits: Mapping[str, Sequence[Image]],
    classes: Sequence[str] = ("cat",),
    **options: Any,
) -> list[Finding]:
    """Write, and put images where they belong."""
    header = Header(categories=tuple(Category(name=name) for name in classes))
    writer = driver.writer_of(FORMAT)
    findings = driver.write(FORMAT, out, splits, header, writer.Options(**options))
    for split, images in splits.items():
        for image in images:
            picture(out / writer.image_path(split, image.file_name), (image.width, image.height))
    return findings


def written_rows(out: Path, split: str = "train", name: str = "a") -> list[list[float]]:
    text = (out / "labels" / split / f"{name}.txt").read_text()
    return [[float(word) for word in line.split()] for line in text.splitlines()]


def ultralytics(out: Path) -> dict[str, dict[str, list[list[float]]]]:
    """Split -> image -> rows (class, cx, cy, w, h), by Ultralytics' documented rules.

    check_det_dataset, img2label_paths and verify_image_label of ultralytics/data/utils.py; what
    they refuse is an AssertionError here.
    """
    data = yaml.safe_load((out / "data.yaml").read_text("utf-8"))
    names = data["names"]
    assert sorted(names) == list(range(len(names)))
    assert all(isinstance(name, str) for name in names.values())
    assert "path" not in data  # then it is the folder of data.yaml, wherever one is
    found: dict[str, dict[str, list[list[float]]]] = {}
    for split in ("train", "val", "test"):
        if split not in data:
            assert split == "test"
            continue
        folder = out / data[split]
        assert folder.is_dir()
        found[split] = {}
        for image in sorted(folder.rglob("*.*")):
            if image.suffix.lower() in (".jpg", ".png"):
                label = Path("/labels/".join(str(image).rsplit("/images/", 1))).with_suffix(".txt")
                assert label.is_file()
                found[split][image.name] = _verified(label.read_text("utf-8"), len(names))
    return found


def _verified(text: str, classes: int) -> list[list[float]]:
    rows = [[float(word) for word in line.split()] for line in text.strip().splitlines() if line]
    if any(len(row) > 6 for row in rows):  # then all are outlines
        for i, row in enumerate(rows):
            assert len(row) % 2 == 1
            assert len(row) >= 7
            xs, ys = row[1::2], row[2::2]
            size = max(xs) - min(xs), max(ys) - min(ys)
            rows[i] = [row[0], min(xs) + size[0] / 2, min(ys) + size[1] / 2, *size]
            assert all(0 <= value <= 1 for value in row[1:])
    for row in rows:
        assert len(row) == 5
        assert row[0] in range(classes)
        assert all(0 <= value <= 1 for value in row[1:])
        assert row[3] > 0
        assert row[4] > 0
    return rows


def test_complete_files(tmp_path: Path) -> None:
    train = [photo(thing(), thing((0, 0, 64, 48), "dog")), photo(name="x/b.c.png")]
    assert write_yolo(tmp_path, {"train": train, "val": [photo()]}, ["cat", "dog"]) == []
    files = {name: data for name, data in snapshot(tmp_path).items() if "images" not in name}
    assert {name: data.decode() for name, data in files.items()} == {
        "data.yaml": 'train: images/train\nval: images/val\nnames:\n  0: "cat"\n  1: "dog"\n',
        "labels/train/a.txt": "0 0.5 0.5 0.25 0.5\n1 0.5 0.5 1 1\n",
        "labels/train/x/b.c.txt": "",
        "labels/val/a.txt": "",
    }
    assert ultralytics(tmp_path)["train"] == {
        "a.jpg": [[0, 0.5, 0.5, 0.25, 0.5], [1, 0.5, 0.5, 1, 1]],
        "b.c.png": [],
    }


@pytest.mark.parametrize(
    "name",
    ["cat", "no", "1", "a: b", "it's", 'say "x"', "back\\slash", "人 物", "# x", "- y", "{z}",
     "tab\there", "line\nbreak", "\x7f\x85\u2028\ufeff", "😀", "null", "~", "&a", "*b", "%"],
)  # fmt: skip
def test_any_class_name_survives_yaml(tmp_path: Path, name: str) -> None:
    write_yolo(tmp_path, {"train": [photo()], "val": [photo()]}, [name, "other"])
    assert yaml.safe_load((tmp_path / "data.yaml").read_text("utf-8"))["names"] == {
        0: name,
        1: "other",
    }
    if name.strip() == name:
        assert YoloRead(tmp_path).classes == [name, "other"]


@pytest.mark.parametrize(
    ("splits", "folders", "read"),
    [
        (["train", "val", "test"], ["train", "val", "test"], ["train", "val", "test"]),
        (["all"], ["all", "all", None], [None]),
        (["train"], ["train", "train", None], [None]),
        (["train", "test"], ["train", "train", "test"], ["train", "test"]),
        (["val"], ["val", "val", None], [None]),
    ],
)
def test_missing_train_or_val_for_ultralytics(
    tmp_path: Path, splits: list[str], folders: list[str | None], read: list[str | None]
) -> None:
    images = {split: [photo(thing(), name=f"{split}.jpg")] for split in splits}
    findings = write_yolo(tmp_path, images)
    data = yaml.safe_load((tmp_path / "data.yaml").read_text())
    wanted = [folder and f"images/{folder}" for folder in folders]
    assert [data.get(split) for split in ("train", "val", "test")] == wanted
    made_up = len(splits) < 3
    assert [(f.code, f.severity) for f in findings] == [("split-made-up", "warning")] * made_up
    ultralytics(tmp_path)
    assert [image.split for image in YoloRead(tmp_path).images] == read


def test_splits_with_other_names_round_trip(tmp_path: Path) -> None:
    images = {name: [photo(thing(), name=f"{i}.jpg")] for i, name in enumerate(("fold 1", "no"))}
    write_yolo(tmp_path, images)
    assert [image.split for image in YoloRead(tmp_path).images] == ["fold 1", "no"]


def test_boxes_stay_inside_the_image(tmp_path: Path) -> None:
    image = photo(
        thing((-8, 12, 8, 60)),
        thing((64, 0, 70, 10), parts=2),
        thing((5, 5, 5, 9), place=Place("a.json", "$.x")),
        thing((9, 9, 5, 5)),
        thing((0, 0, 64.0000001, 48)),
    )
    findings = write_yolo(tmp_path, {"train": [image], "val": [photo()]})
    assert [(f.code, f.severity, f.lost) for f in findings] == [
        ("nothing-in-image", "error", 2),
        ("nothing-in-image", "error", 1),
        ("nothing-in-image", "error", 1),
        ("clipped-to-image", "warning", 0),
    ]
    assert (findings[1].file, findings[1].where) == ("a.json", "$.x")
    assert findings[3].message.startswith("1 instance extending beyond")  # floats are not exact
    # x 0..8 of 64, y 12..48 of 48
    assert written_rows(tmp_path) == [[0, 4 / 64, 30 / 48, 8 / 64, 36 / 48], [0, 0.5, 0.5, 1, 1]]
    ultralytics(tmp_path)


def test_losses_are_counted(tmp_path: Path) -> None:
    triangle = Polygons(((24, 12, 40, 12, 40, 36),))
    image = photo(
        thing(shape=triangle, attributes={"score": 1}),
        thing(iscrowd=True, parts=3),
        thing(difficult=True),
        thing(shape=triangle, area=7),
        thing(area=7, extra={"coco": {"track": 3, "bbox": [8, 12, 16, 24]}}),
    )
    image = msgspec.structs.replace(image, attributes={"flags": 1}, extra={"acme": {"camera": 2}})
    header = Header(
        categories=(Category(name="cat", extra={"coco": {"supercategory": "pet"}}),),
        extra={"coco": {"info": {"year": 1}, "videos": []}},
    )
    findings = driver.write(FORMAT, tmp_path, {"train": [image]}, header)
    said = [(f.code, f.severity, f.lost, f.message.split(": ")[0]) for f in findings]
    keys = "that YOLO cannot store"
    assert said == [
        ("outlines-not-carried", "note", 0, "2 instances with a polygon or mask"),
        ("area-not-carried", "note", 0,
         "1 instance with an area that is not that of the box or polygon"),
        ("crowds-left-out", "warning", 3, "1 crowd skipped"),
        ("attributes-not-carried", "note", 0,
         "2 instances with attributes that YOLO cannot store (score, difficult); this is the "
         "first"),
        ("image-attributes-not-carried", "note", 0,
         "1 image with attributes that YOLO cannot store (flags); this is the first"),
        ("keys-not-carried", "note", 0, f"2 keys of the dataset {keys} (info, videos)"),
        ("keys-not-carried", "note", 0, f"1 class with keys {keys} (supercategory)"),
        ("keys-not-carried", "note", 0, f"1 image with keys {keys} (camera); this is the first"),
        ("keys-not-carried", "note", 0, f"1 instance with keys {keys} (track); this is the first"),
        ("split-made-up", "warning", 0, findings[-1].message.split(": ")[0]),
    ]  # fmt: skip
    names = [f.message.partition("(")[2].partition(")")[0] for f in findings[5:9]]
    assert names == ["info, videos", "supercategory", "camera", "track"]
    assert len(written_rows(tmp_path)) == 4


def test_image_without_size_loses_its_shapes(tmp_path: Path) -> None:
    header = Header(categories=(Category(name="cat"),))
    images = [photo(thing(parts=2), size=(0, 48)), photo(size=(0, 0), name="b.jpg")]
    findings = driver.write(FORMAT, tmp_path, {"train": images}, header)
    assert [(f.code, f.lost) for f in findings][:1] == [("no-image-size", 2)]


def test_two_images_of_one_label_file(tmp_path: Path) -> None:
    writer = driver.writer_of(FORMAT)
    assert writer.key("images/x/a.jpg") == writer.key("x/a.png") == "x/a"
    assert writer.image_path("train", "images/train/a.jpg") == "images/train/a.jpg"
    assert writer.image_path("val", "images/train/a.jpg") == "images/val/train/a.jpg"
    images = [photo(thing(), name="a.jpg"), photo(thing(), name="images/train/a.jpg")]
    findings = write_yolo(tmp_path, {"train": images, "val": []})
    assert [(f.code, f.lost) for f in findings] == [("name-collision", 1)]


@pytest.mark.parametrize("turn", [1, -1])
def test_the_first_of_two_images_of_one_label_file_is_kept(tmp_path: Path, turn: int) -> None:
    """Regardless of shard order; a shard written twice does not conflict with itself."""
    big, small = thing((0, 0, 64, 48)), thing()
    images = [photo(big, name="a.jpg"), photo(small, small, name="images/train/a.png")]
    plan = WritePlan(
        stage=tmp_path,
        out="out",
        header=Header(categories=(Category(name="cat"),)),
        splits=("train", "val"),
    )
    writing = driver.writer_of(FORMAT).open(plan, driver.writer_of(FORMAT).Options())
    shards = [[Numbered("train", at, at, image)] for at, image in enumerate(images, 1)]
    writing.write(shards[0])  # its worker dies
    done = {at: writing.write(shards[at]) for at in (0, 1)[::turn]}
    streams = {
        name: io.BytesIO(b"".join(done[at].streams.get(name, b"") for at in (0, 1)))
        for name in ("files", "twice")
    }
    said = list(writing.finish(streams, {}))
    assert [(f.code, f.lost, f.file) for f in said] == [("name-collision", 2, "images/train/a.png")]
    assert written_rows(tmp_path) == [[0, 0.5, 0.5, 1, 1]]
    assert sorted(snapshot(tmp_path)) == ["data.yaml", "labels/train/a.txt"]


def test_output_does_not_depend_on_sharding(tmp_path: Path) -> None:
    images = [photo(thing(), name=f"{at}.jpg") for at in range(5)]
    header = Header(categories=(Category(name="cat"),))
    for shard in (1, 2, 9):
        out = tmp_path / str(shard)
        driver.write(FORMAT, out, {"train": images, "val": images[:2]}, header, shard=shard)
    assert snapshot(tmp_path / "1") == snapshot(tmp_path / "2") == snapshot(tmp_path / "9")


def test_a_folder_called_images_inside(tmp_path: Path) -> None:
    """Ultralytics replaces the last one, so that its labels are not below labels/."""
    image = photo(thing(), name="cam1/images/a.jpg")
    write_yolo(tmp_path, {"train": [image], "val": [image]})
    assert (tmp_path / "images/train/cam1/labels/a.txt").exists()
    assert ultralytics(tmp_path)["train"] == {"a.jpg": [[0, 0.5, 0.5, 0.25, 0.5]]}


# Outlines ---------------------------------------------------------------------------------------


def outline(out: Path, *instances: Instance) -> tuple[list[Finding], list[Instance]]:
    """(what was said, what is read back) of instances written as outlines."""
    findings = write_yolo(out, {"train": [photo(*instances)], "val": [photo()]}, segments=True)
    ultralytics(out)
    read = YoloRead(out)
    assert read.findings == []
    return findings, list(of_train(read))


def test_outlines_are_written_when_asked(tmp_path: Path) -> None:
    ring = (8.0, 12.0, 16.0, 12.0, 16.0, 24.0)
    own = thing((8, 12, 16, 24), shape=Polygons((ring,)))
    findings, read = outline(tmp_path, own, thing())
    assert [f.code for f in findings] == ["boxes-as-outlines"]
    assert read[0].shape == Polygons((ring,))
    assert read[1].shape == Polygons((geometry.box_corners(EDGES),))
    assert written_rows(tmp_path)[0] == [0, 0.125, 0.25, 0.25, 0.25, 0.25, 0.5]


def test_rings_are_joined_by_the_shortest_bridge(tmp_path: Path) -> None:
    left = (0.0, 0.0, 8.0, 0.0, 8.0, 8.0, 0.0, 8.0)
    right = (16.0, 16.0, 16.0, 8.0, 24.0, 8.0, 24.0, 16.0)  # the other way round
    findings, read = outline(tmp_path, thing((0, 0, 24, 16), shape=Polygons((left, right))))
    assert [f.code for f in findings] == ["rings-joined"]
    (ring,) = read[0].shape.rings  # type: ignore[union-attr]
    points = list(zip(ring[0::2], ring[1::2], strict=True))
    assert points.count((8.0, 8.0)) == points.count((16.0, 8.0)) == 2  # there and back
    assert len(points) == 10
    assert (read[0].box, geometry.ring_area(ring)) == ((0, 0, 24, 16), 128)


def test_rings_that_overlap_do_not_cancel_out(tmp_path: Path) -> None:
    one = (0.0, 0.0, 16.0, 0.0, 16.0, 16.0, 0.0, 16.0)
    two = (8.0, 8.0, 24.0, 8.0, 24.0, 24.0, 8.0, 24.0)
    findings, read = outline(tmp_path, thing((0, 0, 24, 24), shape=Polygons((one, two))))
    assert read[0].area == 256 + 256 - 64
    assert [f.code for f in findings] == ["rings-joined"]


def test_box_that_differs_from_its_outline_is_reported(tmp_path: Path) -> None:
    """The part of the outline outside the image is reported, too."""
    ring = (8.0, 12.0, 80.0, 12.0, 16.0, 24.0)
    findings, read = outline(tmp_path, thing((8, 12, 16, 24), shape=Polygons((ring,)), area=7))
    assert [(f.code, f.message[:2]) for f in findings] == [
        ("area-not-carried", "1 "), ("box-not-kept", "1 "), ("clipped-to-image", "1 "),
    ]  # fmt: skip
    assert read[0].box == (8, 12, 64, 24)


def test_ring_is_clipped_to_the_image(tmp_path: Path) -> None:
    ring = (-8.0, 0.0, 8.0, 0.0, 8.0, 8.0, -8.0, 8.0)
    findings, read = outline(
        tmp_path,
        thing((-8, 0, 8, 8), shape=Polygons((ring,))),
        thing((-8, -8, -1, -1), shape=Polygons(((-8.0, -8.0, -1.0, -8.0, -1.0, -1.0),))),
    )
    assert [(f.code, f.lost) for f in findings] == [
        ("nothing-in-image", 1),
        ("clipped-to-image", 0),
    ]
    assert (read[0].box, read[0].area) == ((0, 0, 8, 8), 64)


def test_masks_keep_every_pixel(tmp_path: Path) -> None:
    """Holes, parts and pixels that touch at a corner: pycocotools finds the same pixels again."""
    rng = np.random.default_rng(0)
    masks = [
        geometry.mask_from_crop(rng.random((9, 11)) < share, 5 * i, 3 * i, (48, 64))
        for i, share in enumerate((0.2, 0.5, 0.8, 0.95))
    ]
    ring = np.ones((20, 20), dtype=bool)
    ring[5:15, 5:15] = False
    masks.append(geometry.mask_from_crop(ring, 0, 0, (48, 64)))
    instances = [thing(geometry.mask_box(mask), shape=mask) for mask in masks]
    findings, read = outline(tmp_path, *instances)
    assert [f.code for f in findings] == ["rings-joined"]
    for mask, instance in zip(masks, read, strict=True):
        assert isinstance(instance.shape, Polygons)
        assert geometry.rasterise(instance.shape.rings, 64, 48) == mask
        assert instance.box == geometry.mask_box(mask)
    assert read[-1].area == 300


# Round trips ------------------------------------------------------------------------------------

share = st.floats(0, 1)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    size=st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    corners=st.lists(st.tuples(share, share, share, share), max_size=5),
)
def test_boxes_round_trip_within_a_millionth(
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    corners: list[tuple[float, float, float, float]],
) -> None:
    out = tmp_path_factory.mktemp("yolo")
    w, h = size
    boxes = [(a * w, b * h, a * w + (1 - a) * c * w, b * h + (1 - b) * d * h)
             for a, b, c, d in corners]  # fmt: skip
    boxes = [box for box in boxes if box[2] - box[0] > 1e-3 and box[3] - box[1] > 1e-3]
    image = photo(*(thing(box) for box in boxes), size=size)
    assert write_yolo(out, {"train": [image], "val": [photo(name="b.jpg")]}) == []
    read = of_train(YoloRead(out))
    for box, instance in zip(boxes, read, strict=True):
        assert instance.box == pytest.approx(box, rel=1e-6, abs=1e-9)
        assert instance.area == pytest.approx(geometry.box_area(box), rel=1e-6)


def test_output_is_deterministic(tmp_path: Path) -> None:
    random.seed(3)
    images = [
        photo(*(thing((0, 0, random.uniform(1, 64), random.uniform(1, 48))) for _ in range(5)))
    ]
    for name in ("one", "two"):
        write_yolo(tmp_path / name, {"train": images, "val": images})
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")


@pytest.mark.skipif(not REAL.exists(), reason="real data are not here")
def test_bccd_to_yolo_and_back_to_voc(tmp_path: Path) -> None:
    """364 images, 4,888 boxes, held against the XML files by a regular expression.

    As from 0, two of them have no area, which YOLO cannot store.
    """
    from dataforge.jobs import Job
    from dataforge.verbs.convert import convert

    source = REAL / "bccd" / "BCCD"
    report = convert(
        Job(source=str(source), out=str(tmp_path / "yolo"), reads="voc", writes="yolo",
            read_options={"coords": "voc"})
    )  # fmt: skip
    assert not report.failed
    assert (sum(report.images.values()), report.shapes) == (364, 4888)
    found = ultralytics(tmp_path / "yolo")
    assert {split: len(images) for split, images in found.items()} == report.images
    names = sorted(report.classes)
    for images in found.values():
        for image, rows in images.items():
            xml = (source / "Annotations" / image.replace(".jpg", ".xml")).read_text()
            width, height = (
                int(text)
                for text in re.search(r"<width>(\d+)</width>\s*<height>(\d+)", xml).groups()  # type: ignore[union-attr]
            )
            pattern = r"<name>(\w+)</name>.*?<xmin>(\d+)\D+(\d+)\D+(\d+)\D+(\d+)"
            wanted = [
                (names.index(name), (int(a) - 1) / width, (int(b) - 1) / height,
                 int(c) / width, int(d) / height)
                for name, a, b, c, d in re.findall(pattern, xml, re.DOTALL)
            ]  # fmt: skip
            got = [(n, x - w / 2, y - h / 2, x + w / 2, y + h / 2) for n, x, y, w, h in rows]
            assert len(got) == len(wanted)
            for one, other in zip(got, wanted, strict=True):
                assert one == pytest.approx(other, rel=1e-6, abs=1e-12)
    back = convert(
        Job(source=str(tmp_path / "yolo"), out=str(tmp_path / "voc"), reads="yolo", writes="voc",
            image_mode="symlink")
    )  # fmt: skip
    assert (back.images, back.instances, back.findings) == (report.images, report.instances, [])
