"""The pipeline: classes, splits, clipping, images; nothing lost without a line."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from helpers import (
    HEIGHT,
    REAL,
    SAMPLE,
    SQUARE,
    WIDTH,
    document,
    load_coco,
    mask_shape,
    picture,
    python,
    run_convert,
    shape,
    snapshot,
    voc_object,
    voc_xml,
    write,
)
from PIL import Image as PILImage

from dataforge.converters import CONVERTERS
from dataforge.errors import InputError, LayoutError, OutputError, UsageError
from dataforge.jobs import Job, Report
from dataforge.verbs.convert import convert

FAR = [[40, 10], [50, 10], [50, 20], [40, 20]]


def dataset(folder: Path, **shapes: list[Any]) -> Path:
    """A labelme file and an image for each name."""
    for name, marked in shapes.items():
        write(folder / f"{name}.json", document(*marked, image=f"{name}.jpg"))
        picture(folder / f"{name}.jpg")
    return folder


def category_names(file: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in file["categories"]]


def labels(file: dict[str, Any]) -> list[str]:
    names = {entry["id"]: entry["name"] for entry in file["categories"]}
    return [names[entry["category_id"]] for entry in file["annotations"]]


# What we ship and what others made --------------------------------------------------------------


def test_the_labelme_sample(tmp_path: Path) -> None:
    report = run_convert(
        SAMPLE / "labelme", tmp_path, labels=str(SAMPLE / "labelme" / "labels.txt")
    )
    assert report.findings == []
    assert report.classes == ["person", "face", "hand"]
    assert report.images == {"all": 14}
    assert report.instances == {"all": {"person": 17, "face": 17, "hand": 34}}
    assert report.empty_images == 1
    assert report.shapes == 69  # 17 + 17 + 34 instances, one person of two shapes
    assert report.files == ["annotations/instances_all.json"]
    file = load_coco(tmp_path)
    for entry in file["images"]:
        with PILImage.open(SAMPLE / "labelme" / entry["file_name"]) as image:
            assert image.size == (entry["width"], entry["height"])


def test_the_humanparts_sample(tmp_path: Path) -> None:
    report = run_convert(SAMPLE / "humanparts", tmp_path, "voc", layout="humanparts")
    assert not report.failed
    assert report.classes == ["face", "person", "hand"]
    assert report.images == {"train": 16, "val": 6}
    # read from the XML by hand: 30 faces, 30 persons (5 of them "Person"), 60 hands, 3 "none"
    totals = {
        name: sum(split[name] for split in report.instances.values()) for name in report.classes
    }
    assert totals == {"face": 30, "person": 30, "hand": 60}
    assert report.lost == {"skipped-label": 3}
    first = load_coco(tmp_path, "val")["annotations"][0]
    assert first["bbox"] == [40.25, 35, 186.25, 199]  # 226.5 - 40.25, 234 - 35, of 000003.xml


real = pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not beside the checkout")


@real
@pytest.mark.parametrize(
    ("folder", "images", "instances", "lost"),
    [
        ("bbox_detection", 3, {"bus": 2, "car": 1, "person": 6}, {}),
        ("video_annotation", 5, {"car": 5, "track": 10}, {}),
        # 8 shapes of 8 types; the three without an area are counted, not converted
        (
            "primitives",
            1,
            {"circle": 1, "octagon": 1, "polygon": 1, "rectangle": 2},
            {"skipped-line": 2, "skipped-point": 1},
        ),
    ],
)
def test_files_from_labelme_itself(
    tmp_path: Path, folder: str, images: int, instances: dict[str, int], lost: dict[str, int]
) -> None:
    report = run_convert(REAL / "labelme" / folder, tmp_path)
    assert not report.failed
    assert report.images == {"all": images}
    assert report.instances == {"all": instances}
    assert report.lost == lost


@real
def test_the_primitives_by_hand(tmp_path: Path) -> None:
    run_convert(REAL / "labelme" / "primitives", tmp_path)
    boxes = {
        name: entry
        for entry, name in zip(
            load_coco(tmp_path)["annotations"], labels(load_coco(tmp_path)), strict=True
        )
    }
    # the second rectangle: (391, 33) to (542, 135), 151 * 102
    assert boxes["rectangle"]["bbox"] == [391, 33, 151, 102]
    assert boxes["rectangle"]["area"] == 15402
    # centre (195, 84), rim (225, 125): radius sqrt(30² + 41²) = sqrt(2581) = 50.8035
    assert boxes["circle"]["area"] == pytest.approx(3.141592653589793 * 2581)
    assert boxes["circle"]["bbox"][2:] == pytest.approx([101.607086, 101.607086])
    # the mask's corner (417.4, 305), its PNG 100 x 100
    assert boxes["octagon"]["bbox"][:2] == [417, 305]


@real
def test_git_links_checked_out_as_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"apc2016_obj3\.json:1:1: .*git symlink"):
        run_convert(REAL / "labelme" / "annotated_with_data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@real
def test_bccd(tmp_path: Path) -> None:
    report = run_convert(REAL / "bccd" / "BCCD", tmp_path, "voc")
    assert not report.failed
    assert report.images == {"train": 205, "val": 87, "test": 72}  # 364
    totals = {
        name: sum(split[name] for split in report.instances.values()) for name in report.classes
    }
    assert totals == {"Platelets": 361, "RBC": 4155, "WBC": 372}
    assert report.shapes == 4888


# Classes ---------------------------------------------------------------------------------------


def test_classes_are_sorted_or_as_declared(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("dog", SQUARE), shape("cat", SQUARE)])
    run_convert(source, tmp_path / "sorted")
    assert category_names(load_coco(tmp_path / "sorted")) == ["cat", "dog"]
    run_convert(source, tmp_path / "declared", labels="dog,ape,cat")
    assert category_names(load_coco(tmp_path / "declared")) == ["dog", "ape", "cat"]
    assert labels(load_coco(tmp_path / "declared")) == ["dog", "cat"]


def test_aliases_case_and_labels_to_skip(tmp_path: Path) -> None:
    marked = [shape(label, SQUARE) for label in ("Kitty", "CAT", "None", "_background_")]
    report = run_convert(
        dataset(tmp_path / "in", a=marked),
        tmp_path / "out",
        labels="cat",
        aliases=str(write(tmp_path / "aliases.toml", "cat = ['kitty']")),
        ignore_case=True,
        skip=("none",),
    )
    assert labels(load_coco(tmp_path / "out")) == ["cat", "cat"]
    assert report.lost == {"skipped-label": 2}
    assert not report.failed


@pytest.mark.parametrize(
    ("unknown", "failed", "kept", "classes", "lost"),
    [
        ("error", True, ["cat"], ["cat"], {"unknown-label": 2}),
        ("ignore", False, ["cat"], ["cat"], {"unknown-label": 2}),
        ("add", False, ["dog", "cat", "ape"], ["cat", "ape", "dog"], {}),
    ],
)
def test_unknown_labels(
    tmp_path: Path,
    unknown: Any,
    failed: bool,
    kept: list[str],
    classes: list[str],
    lost: dict[str, int],
) -> None:
    marked = [shape("dog", SQUARE), shape("cat", SQUARE), shape("ape", SQUARE)]
    source = dataset(tmp_path / "in", a=marked)
    report = run_convert(source, tmp_path / "out", labels="cat", unknown=unknown)
    assert report.failed is failed
    assert labels(load_coco(tmp_path / "out")) == kept
    assert report.classes == category_names(load_coco(tmp_path / "out")) == classes
    assert report.lost == lost


def test_a_classes_file_drops_and_merges(tmp_path: Path) -> None:
    classes = write(
        tmp_path / "classes.toml",
        '[classes]\nnames = ["person", "hand", "face"]\ndrop = ["background"]\n'
        'ignore_case = true\n[aliases]\nperson = ["pedestrian"]\n'
        '[merge]\nlimb = ["hand", "foot"]\n',
    )
    written = ("Face", "FOOT", "hand", "Background", "Pedestrian", "background", "limb")
    source = dataset(tmp_path / "in", a=[shape(label, SQUARE) for label in written])
    report = run_convert(source, tmp_path / "out", labels=str(classes))
    file = load_coco(tmp_path / "out")
    assert category_names(file) == ["person", "limb", "face"]
    assert labels(file) == ["face", "limb", "limb", "person", "limb"]
    assert report.lost == {"dropped-class": 2}
    assert not report.failed
    # an option goes before the file
    report = run_convert(
        source, tmp_path / "more", labels=str(classes), drop="face", merge="limb=hand,foot,head"
    )
    assert report.lost == {"dropped-class": 1, "unknown-label": 2}
    assert report.classes == ["person", "limb"]


def test_look_alikes_are_warned_of(tmp_path: Path) -> None:
    marked = [shape(label, SQUARE) for label in ("cat", "Cat", "cat")]
    source = dataset(tmp_path / "in", a=marked)
    report = run_convert(source, tmp_path / "out")
    (finding,) = report.findings
    assert (finding.code, finding.where) == ("look-alike-labels", "$.shapes[1]")
    assert not report.failed
    assert run_convert(source, tmp_path / "one", ignore_case=True).classes == ["cat"]


def test_category_start(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("dog", SQUARE), shape("cat", SQUARE)])
    run_convert(source, tmp_path / "out", write_options={"category_start": 0})
    file = load_coco(tmp_path / "out")
    assert [entry["id"] for entry in file["categories"]] == [0, 1]
    assert labels(file) == ["dog", "cat"]


# Splits ----------------------------------------------------------------------------------------


def test_a_split_is_disjoint_complete_and_reproducible(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", **{f"i{n:02}": [shape("cat", SQUARE)] for n in range(20)})
    names: dict[str, dict[int, list[str]]] = {"train": {}, "val": {}}
    for seed in (0, 0, 1):
        out = tmp_path / f"out{seed}"
        run_convert(source, out, split="train=0.8,val=0.2", seed=seed, labels="dog,cat", force=True)
        for split, wanted in (("train", 16), ("val", 4)):
            file = load_coco(out, split)
            found = [entry["file_name"] for entry in file["images"]]
            assert len(found) == wanted
            assert found == sorted(found)
            assert category_names(file) == ["dog", "cat"]
            assert names[split].setdefault(seed, found) == found
    assert sorted(names["train"][0] + names["val"][0]) == [f"i{n:02}.jpg" for n in range(20)]
    assert names["val"][0] != names["val"][1]


def test_a_stratified_split_by_groups(tmp_path: Path) -> None:
    """Six videos of two frames; two of them show the rare class."""
    marked = {
        f"v{video}_{frame}": [shape("cat", SQUARE)]
        + ([shape("dog", FAR)] if video in (2, 4) and frame else [])
        for video in range(6)
        for frame in range(2)
    }
    source = dataset(tmp_path / "in", **marked)
    for seed in range(3):
        out = tmp_path / f"out{seed}"
        report = run_convert(
            source, out, split="a=0.5,b=0.5", seed=seed, stratify=True, group_by=r"(v\d)_"
        )
        assert report.instances == {"a": {"cat": 6, "dog": 1}, "b": {"cat": 6, "dog": 1}}
        videos = [
            {entry["file_name"][:2] for entry in load_coco(out, split)["images"]} for split in "ab"
        ]
        assert videos[0] & videos[1] == set()


def test_manifest_determines_the_splits(tmp_path: Path) -> None:
    source = dataset(
        tmp_path / "in",
        a=[shape("cat", SQUARE)],
        b=[shape("cat", SQUARE)],
        c=[shape("dog", SQUARE), shape("cat", FAR, group_id=1), shape("cat", SQUARE, group_id=1)],
    )
    manifest = write(
        tmp_path / "splits.json",
        {"ratios": {"val": 0.1, "train": 0.9}, "images": {"a.jpg": "train", "b.jpg": "val"}},
    )
    report = run_convert(source, tmp_path / "out", split=str(manifest), image_mode="copy")
    assert report.images == {"val": 1, "train": 1}  # in the order of the ratios
    assert load_coco(tmp_path / "out", "train")["images"][0]["file_name"] == "a.jpg"
    (finding,) = report.findings
    assert (finding.code, finding.severity, finding.file) == ("not-in-manifest", "error", "c.jpg")
    assert report.lost == {"not-in-manifest": 3}
    assert report.shapes + 3 == 5
    assert sorted(os.listdir(tmp_path / "out" / "images")) == ["a.jpg", "b.jpg"]
    write(manifest, {"images": {"other.jpg": "train"}})
    with pytest.raises(InputError, match=r"(?s)nothing can be converted.*3 images are not in"):
        run_convert(source, tmp_path / "none", split=str(manifest))
    assert not (tmp_path / "none").exists()


def voc_dataset(folder: Path) -> Path:
    for id_ in "abc":
        xml = voc_xml(voc_object("cat", (0, 0, 10, 10)), voc_object("dog", (5, 5, 20, 20)))
        write(folder / "Annotations" / f"{id_}.xml", xml)
        picture(folder / "JPEGImages" / f"{id_}.png")
    write(folder / "ImageSets" / "Main" / "train.txt", "c\na\n")
    write(folder / "ImageSets" / "Main" / "val.txt", "b\n")
    return folder


def test_source_splits_are_kept_by_default(tmp_path: Path) -> None:
    source = voc_dataset(tmp_path / "in")
    assert run_convert(source, tmp_path / "own", "voc").images == {"train": 2, "val": 1}
    found = [entry["file_name"] for entry in load_coco(tmp_path / "own", "train")["images"]]
    assert found == ["JPEGImages/c.png", "JPEGImages/a.png"]
    report = run_convert(source, tmp_path / "new", "voc", split="x=0.34,y=0.66")
    assert report.images == {"x": 1, "y": 2}


def test_an_image_listed_in_two_splits_is_in_both(tmp_path: Path) -> None:
    source = voc_dataset(tmp_path / "in")
    write(source / "ImageSets" / "Main" / "val.txt", "b\na\n")
    assert run_convert(source, tmp_path / "out", "voc").images == {"train": 2, "val": 2}


def test_new_split_uses_an_image_listed_twice_once(tmp_path: Path) -> None:
    source = voc_dataset(tmp_path / "in")
    write(source / "ImageSets" / "Main" / "val.txt", "b\na\n")
    report = run_convert(source, tmp_path / "out", "voc", split="x=0.34,y=0.66")
    assert report.images == {"x": 1, "y": 2}
    assert report.shapes == 6  # two objects on each of three images


# Geometry --------------------------------------------------------------------------------------


def test_clip(tmp_path: Path) -> None:
    marked = [
        shape("inside", SQUARE),
        shape("box", [[-10, -10], [10, 10]], "rectangle"),
        shape("away", [[100, 100], [120, 120]], "rectangle", group_id=1),
        shape("away", [[100, 10], [120, 20]], "rectangle", group_id=1),
        # what is left of this triangle is (0,10) (10,20) (10,30) (0,15): see test_geometry
        shape("slanted", [[-10, 0], [10, 20], [10, 30]]),
        # its box reaches into the image, it does not: the side passes the corner at (-5, 0)
        shape("corner", [[-20, 15], [10, -15], [-20, -15]]),
        mask_shape("mask", ["##", "##"], WIDTH - 1, HEIGHT - 1),
    ]
    source = dataset(tmp_path / "in", a=marked)
    report = run_convert(source, tmp_path / "out", clip=True)
    file = load_coco(tmp_path / "out")
    found = dict(zip(labels(file), file["annotations"], strict=True))
    assert {name: (entry["bbox"], entry["area"]) for name, entry in found.items()} == {
        "inside": ([10, 10, 20, 20], 400),
        "box": ([0, 0, 10, 10], 100),
        "slanted": ([0, 10, 10, 20], 75),
        "mask": ([63, 47, 1, 1], 1),
    }
    assert report.lost == {"clipped-away": 3}
    assert report.shapes == 4


def test_without_clip_outside_boxes_are_kept_and_reported(tmp_path: Path) -> None:
    marked = [
        shape("box", [[-10, -10], [10, 10]], "rectangle"),
        shape("away", [[100, 100], [120, 120]], "rectangle"),
        shape("flat", [[10, 10], [10, 20]], "rectangle"),
    ]
    report = run_convert(dataset(tmp_path / "in", a=marked), tmp_path / "out")
    assert [entry["bbox"] for entry in load_coco(tmp_path / "out")["annotations"]] == [
        [-10, -10, 20, 20],
        [100, 100, 20, 20],
        [10, 10, 0, 10],
    ]
    assert [(finding.code, finding.where) for finding in report.findings] == [
        ("zero-area", "$.shapes[2]"),
        ("outside-image", "$.shapes[1]"),
    ]
    assert not report.failed
    assert report.lost == {}


def test_voc_boxes_are_clipped_too(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.xml", voc_xml(voc_object("cat", (0, 40, 100, 60))))
    picture(tmp_path / "in" / "a.jpg")
    run_convert(tmp_path / "in", tmp_path / "out", "voc", clip=True)
    (entry,) = load_coco(tmp_path / "out")["annotations"]
    assert (entry["bbox"], entry["area"]) == ([0, 40, 64, 8], 512)


def test_drop_empty(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[], c=[shape("dog", SQUARE)])
    report = run_convert(source, tmp_path / "kept", labels="cat", unknown="ignore")
    assert (report.images, report.empty_images) == ({"all": 3}, 2)
    report = run_convert(source, tmp_path / "out", labels="cat", unknown="ignore", drop_empty=True)
    assert (report.images, report.empty_images) == ({"all": 1}, 0)
    assert [entry["file_name"] for entry in load_coco(tmp_path / "out")["images"]] == ["a.jpg"]


# Nothing is lost without a line -----------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{}, {"clip": True}, {"labels": "cat"}, {"drop_empty": True}, {"split": "a=0.5,b=0.5"},
     {"read_options": {"group": False}}, {"read_options": {"missing_images": "skip"}},
     {"read_options": {"lines": "stroke=2"}}, {"drop": "cat"}, {"merge": "pet=cat,dog"},
     {"split": "a=0.5,b=0.5", "stratify": True}],
)  # fmt: skip
def test_shapes_read_equal_shapes_written_plus_lost(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    source = dataset(
        tmp_path / "in",
        a=[shape("cat", SQUARE, group_id=1), shape("cat", FAR, group_id=1), shape("dog", FAR)],
        b=[shape("cat", [[1, 1]]), shape("cat", [[1, 1], [2, 2]], "line"), shape("", SQUARE)],
        c=[shape("cat", [[99, 99], [120, 120]], "rectangle"), shape("__ignore__", SQUARE)],
        d=[shape("cat", 5), shape("dog", SQUARE, "blob")],
    )
    # a second file on the same image, and one whose image is not there
    write(source / "e.json", document(shape("cat", SQUARE), shape("cat", FAR), image="a.jpg"))
    write(source / "f.json", document(shape("cat", SQUARE), image="gone.jpg"))
    total = 3 + 3 + 2 + 2 + 2 + 1
    report = run_convert(source, tmp_path / "out", **options)
    assert report.shapes + sum(report.lost.values()) == total
    splits = ["a", "b"] if "split" in options else ["all"]
    instances = sum(len(load_coco(tmp_path / "out", name)["annotations"]) for name in splits)
    assert instances == sum(sum(counts.values()) for counts in report.instances.values())


def test_names_in_another_encoding_are_findings(tmp_path: Path) -> None:
    """An archive from a Chinese Windows, unpacked on Linux, leaves GBK bytes for names."""
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[shape("dog", SQUARE)])
    gbk = os.fsencode(source) + b"/\xc8\xcb"  # no UTF-8
    try:
        for end in (b".json", b".jpg"):
            os.rename(os.fsencode(source) + b"/a" + end, gbk + end)
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    report = run_convert(source, tmp_path / "out")
    assert labels(load_coco(tmp_path / "out")) == ["dog"]
    assert report.lost == {"name-not-utf8": 1}
    written = json.loads(msgspec.json.encode(report))
    assert {finding["place"]["file"] for finding in written["findings"]} == {"\\udcc8\\udccb.json"}


def test_image_annotated_by_two_files(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)])
    write(source / "b.json", document(shape("dog", SQUARE), shape("dog", FAR), image="a.jpg"))
    report = run_convert(source, tmp_path / "out")
    assert labels(load_coco(tmp_path / "out")) == ["cat"]
    (finding,) = report.findings
    assert (finding.code, finding.file, finding.lost) == ("image-marked-twice", "b.json", 2)
    assert "a.json" in finding.message
    assert report.failed


@pytest.mark.parametrize("workers", [1, 2])
def test_discarded_file_does_not_name_a_class(tmp_path: Path, workers: int) -> None:
    """A class is named after its first converted instance, not after a discarded one."""
    source = dataset(tmp_path / "in", a=[shape("dog", SQUARE)], c=[shape("cat", SQUARE)])
    write(source / "b.json", document(shape("CAT", SQUARE), image="a.jpg"))
    run_convert(source, tmp_path / "out", ignore_case=True, workers=workers)
    assert category_names(load_coco(tmp_path / "out")) == ["cat", "dog"]


# Images ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_images_are_placed(tmp_path: Path, how: str) -> None:
    source = dataset(tmp_path / "in" / "sub", a=[shape("cat", SQUARE)]).parent
    run_convert(source, tmp_path / "out", image_mode=how)
    target = tmp_path / "out" / "images" / "sub" / "a.jpg"
    original = source / "sub" / "a.jpg"
    assert target.read_bytes() == original.read_bytes()
    assert target.is_symlink() is (how == "symlink")
    assert (target.stat().st_ino == original.stat().st_ino) is (how != "copy")
    assert load_coco(tmp_path / "out")["images"][0]["file_name"] == "sub/a.jpg"


def test_images_stay_where_they_are_by_default(tmp_path: Path) -> None:
    run_convert(dataset(tmp_path / "in", a=[shape("cat", SQUARE)]), tmp_path / "out")
    assert list(snapshot(tmp_path / "out")) == ["annotations/instances_all.json"]


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_user_images_in_the_output_folder_survive(tmp_path: Path, how: str) -> None:
    """OUT/images is the very folder that is read."""
    source = dataset(tmp_path / "data" / "images", a=[shape("cat", SQUARE)])
    before = snapshot(source)
    run_convert(source, tmp_path / "data", image_mode=how)
    assert snapshot(source) == before
    assert not (source / "a.jpg").is_symlink()


@pytest.mark.parametrize("how", ["copy", "hardlink", "symlink"])
def test_existing_images_are_overwritten_only_with_force(tmp_path: Path, how: str) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)])
    other = write(tmp_path / "out" / "images" / "a.jpg", "somebody's own")
    with pytest.raises(OutputError, match=r"a\.jpg already exists"):
        run_convert(source, tmp_path / "out", image_mode=how)
    assert snapshot(tmp_path / "out") == {"images/a.jpg": b"somebody's own"}
    for _ in range(2):  # the second time over its own
        run_convert(source, tmp_path / "out", image_mode=how, force=True)
        assert other.read_bytes() == (source / "a.jpg").read_bytes()
        assert os.listdir(other.parent) == ["a.jpg"]


def test_an_image_that_cannot_be_placed_is_a_finding(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[shape("cat", SQUARE)])
    (source / "a.jpg").unlink()
    report = run_convert(source, tmp_path / "out", image_mode="copy")
    assert [(f.code, f.file) for f in report.findings] == [
        ("image-missing", "a.json"),
        ("image-not-placed", "a.jpg"),
    ]
    assert os.listdir(tmp_path / "out" / "images") == ["b.jpg"]


def test_embedded_images_are_extracted_only_on_request(tmp_path: Path) -> None:
    content = picture(tmp_path / "x.jpg").read_bytes()
    entry = document(shape("cat", SQUARE), imageData=base64.b64encode(content).decode())
    write(tmp_path / "in" / "a.json", entry)
    run_convert(tmp_path / "in", tmp_path / "not", image_mode="copy")
    assert not (tmp_path / "not" / "images").exists()
    report = run_convert(
        tmp_path / "in", tmp_path / "out", image_mode="copy", read_options={"extract_images": True}
    )
    assert report.findings == []
    assert (tmp_path / "out" / "images" / "a.jpg").read_bytes() == content
    with pytest.raises(UsageError, match="requires --image-mode copy"):
        run_convert(tmp_path / "in", tmp_path / "no", read_options={"extract_images": True})


def coco_file(folder: Path, *names: str) -> Path:
    """A COCO file with a box in each image, and the images."""
    images = [{"id": i, "file_name": name, "width": WIDTH, "height": HEIGHT}
              for i, name in enumerate(names)]  # fmt: skip
    marks = [{"id": i, "image_id": i, "category_id": 1, "bbox": [1, 2, 3, 4]}
             for i in range(len(names))]  # fmt: skip
    categories = [{"id": 1, "name": "cat"}]
    write(folder / "x.json", {"images": images, "annotations": marks, "categories": categories})
    for name in names:
        picture(folder / name)
    return folder


def to(writes: str, source: Path, out: Path, **options: Any) -> Report:
    return convert(Job(source=str(source), out=str(out), reads="coco", writes=writes, **options))


@pytest.mark.parametrize(
    ("writes", "severity", "read"),
    [("coco", "note", 3), ("labelme", "warning", 1), ("voc", "warning", 1), ("yolo", "warning", 1)],
)
def test_names_beginning_with_a_dot_are_reported(
    tmp_path: Path, writes: str, severity: str, read: int
) -> None:
    source = coco_file(tmp_path / "in", ".a.jpg", "b.jpg", "c/.d/e.jpg")
    report = to(writes, source, tmp_path / "out", image_mode="copy")
    (said,) = [finding for finding in report.findings if finding.code == "hidden-name"]
    assert (said.severity, said.file, said.message[:8]) == (severity, ".a.jpg", "2 images")
    assert said.remedy
    # What our own reader makes of it bears that out.
    job = Job(source=str(tmp_path / "out"), out=str(tmp_path / "o.json"), reads=writes,
              writes="coco")  # fmt: skip
    assert sum(convert(job).images.values()) == read


# What is left of an older output ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("writes", "folder", "severity"),
    [("coco", "images/", "note"), ("labelme", "", "warning"), ("voc", "JPEGImages/", "note"),
     ("yolo", "images/all/", "warning")],
)  # fmt: skip
def test_images_of_an_older_run_are_named_and_left(
    tmp_path: Path, writes: str, folder: str, severity: str
) -> None:
    out = tmp_path / "out"
    old = to(
        writes, coco_file(tmp_path / "one", "a.jpg", "b.jpg", "c/d.jpg"), out, image_mode="copy"
    )
    assert "left-over-files" not in {finding.code for finding in old.findings}
    other = coco_file(tmp_path / "two", "a.jpg", "e.jpg")
    report = to(writes, other, out, image_mode="copy", force=True)
    (said,) = [finding for finding in report.findings if finding.code == "left-over-files"]
    stale = [f"{folder}b.jpg", f"{folder}c/d.jpg"]
    if writes == "labelme":  # nothing there is replaced as a whole
        stale = ["b.jpg", "b.json", "c/d.jpg", "c/d.json"]
    assert said.message.startswith(f"{len(stale)} files in {folder[:-1] or 'the output'} ")
    assert f"({', '.join(stale)})" in said.message
    assert (said.severity, said.file) == (severity, stale[0])
    assert all((out / name).is_file() for name in stale)
    # Over the same again there is nothing to say.
    for name in stale:
        (out / name).unlink()
    again = to(writes, other, out, image_mode="copy", force=True)
    assert "left-over-files" not in {finding.code for finding in again.findings}


def test_user_images_are_not_reported_as_left_over(tmp_path: Path) -> None:
    """labelme files are written beside the images, of which the COCO file knows but one."""
    source = coco_file(tmp_path / "in", "a.jpg")
    picture(source / "b.jpg")
    write(source / "b.json", {})
    report = to("labelme", source, source)
    assert [finding.code for finding in report.findings if finding.severity != "note"] == []
    assert (source / "a.json").is_file()


def test_foreign_images_in_the_yolo_image_folder(tmp_path: Path) -> None:
    """Ultralytics would train on them as background."""
    source = coco_file(tmp_path / "in", "a.jpg", "b.jpg")
    picture(tmp_path / "out" / "images" / "train" / "deep" / "mine.jpg")
    report = to("yolo", source, tmp_path / "out", split="train=0.5,val=0.5", image_mode="hardlink")
    (said,) = [finding for finding in report.findings if finding.code == "left-over-files"]
    assert (said.file, said.severity) == ("images/train/deep/mine.jpg", "warning")


# Refusals --------------------------------------------------------------------------------------


def test_existing_output_is_not_overwritten(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)])
    old = write(tmp_path / "out" / "annotations" / "instances_all.json", "mine")
    with pytest.raises(OutputError, match=r"instances_all\.json already exists; use --force"):
        run_convert(source, tmp_path / "out", image_mode="copy")
    assert snapshot(tmp_path / "out") == {"annotations/instances_all.json": b"mine"}
    run_convert(source, tmp_path / "out", force=True)
    assert old.read_text() != "mine"


@pytest.mark.parametrize("out", ["data.v2", "out.d"])
def test_a_folder_may_have_a_dot_in_its_name(tmp_path: Path, out: str) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)])
    report = run_convert(source, tmp_path / out, image_mode="copy")
    assert report.files == ["annotations/instances_all.json"]
    assert list(snapshot(tmp_path / out)) == ["annotations/instances_all.json", "images/a.jpg"]


def test_a_single_file(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[])
    report = run_convert(source, tmp_path / "out" / "mine.json")
    assert report.files == ["mine.json"]
    assert list(snapshot(tmp_path / "out")) == ["mine.json"]
    with pytest.raises(UsageError, match="one file, but there are 2 splits"):
        run_convert(source, tmp_path / "x.json", split="a=0.5,b=0.5")
    with pytest.raises(UsageError, match="requires a folder"):
        run_convert(source, tmp_path / "x.json", image_mode="copy")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"labels": "cat,cat"}, UsageError),
        ({"split": "a=0.5"}, UsageError),
        ({"split": "a=0.5,b=0.25,c=0.25"}, UsageError),  # two images for three splits
        ({"split": "gone.json"}, InputError),
        ({"split": "a=0.5,b=0.5", "group_by": "("}, UsageError),
        ({"stratify": True}, UsageError),  # what?
        ({"drop": "cat", "merge": "x=cat"}, UsageError),
        ({"merge": "x"}, UsageError),
        ({"read_options": {"coords": "zero"}}, UsageError),  # means nothing for labelme
        ({"read_options": {"missing_images": "maybe"}}, UsageError),
        ({"read_options": {"lines": "stroke"}}, UsageError),
        ({"layout": "voc"}, UsageError),
        ({"writes": "labelme3"}, UsageError),
        ({"aliases": "absent.toml"}, InputError),
        ({"read_options": {"image_dir": "absent"}}, InputError),
        ({"reads": "voc"}, LayoutError),  # no XML file there
    ],
)
def test_nothing_is_written_on_failure(
    tmp_path: Path, options: dict[str, Any], error: type[Exception]
) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[])
    fields = {"reads": "labelme", "writes": "coco", "image_mode": "copy"} | options
    before = snapshot(tmp_path)
    with pytest.raises(error):
        convert(Job(source=str(source), out=str(tmp_path / "out"), **fields))
    assert snapshot(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_no_annotations_to_convert(tmp_path: Path) -> None:
    write(tmp_path / "in" / "coco.json", {"images": []})
    write(tmp_path / "in" / "broken.json", "{")
    with pytest.raises(
        InputError, match=r"(?s)nothing can be converted.*broken\.json:1.*coco\.json"
    ):
        run_convert(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_inputs_are_not_touched(tmp_path: Path) -> None:
    source = voc_dataset(tmp_path / "in")
    job = Job(source=str(source), out=str(tmp_path / "out"), reads="voc", writes="coco")
    before, options = snapshot(source), dict(job.read_options)
    stamps = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    convert(job)
    assert snapshot(source) == before
    assert {path: path.stat().st_mtime_ns for path in source.rglob("*")} == stamps
    assert job.read_options == options


# Reproducible ----------------------------------------------------------------------------------

RUN = (
    "import sys; from pathlib import Path; from dataforge.verbs.convert import convert;"
    "from dataforge.jobs import Job, save_report;"
    "r = convert(Job(source=sys.argv[1], out='out', reads=sys.argv[2], writes='coco',"
    " split='train=0.7,val=0.3', unknown='add', labels='hand'));"
    "save_report(r, Path('out/report.json'))"
)


@pytest.mark.parametrize(("folder", "reads"), [("labelme", "labelme"), ("humanparts", "voc")])
def test_output_is_identical_under_every_hash_seed(tmp_path: Path, folder: str, reads: str) -> None:
    found = []
    for run, seed in enumerate("001"):
        cwd = tmp_path / str(run)
        cwd.mkdir()
        result = python("-c", RUN, str(SAMPLE / folder), reads, cwd=cwd, PYTHONHASHSEED=seed)
        assert result.returncode == 0, result.stderr
        found.append(snapshot(cwd))
    assert len(found[0]) == 3
    assert found[0] == found[1] == found[2]


# Report, registry ------------------------------------------------------------------------------


def test_the_report_survives_json(tmp_path: Path) -> None:
    report = run_convert(
        dataset(tmp_path / "in", a=[shape("cat", [[1, 1]])]), tmp_path / "o", labels="cat"
    )
    again = msgspec.json.decode(msgspec.json.encode(report), type=type(report))
    assert again == report
    assert again.failed


def test_progress_counts_files(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)], b=[])
    seen: list[tuple[int, int, str]] = []
    job = Job(source=str(source), out=str(tmp_path / "out"), reads="labelme", writes="coco")
    convert(job, lambda *told: seen.append(told))

    assert seen == [(2, 2, "reading"), (2, 2, "checking"), (2, 2, "writing")]


def test_the_registry_builds_converters(tmp_path: Path) -> None:
    source = dataset(tmp_path / "in", a=[shape("cat", SQUARE)])
    config = {
        "type": "labelme2coco",
        "source": str(source),
        "out": str(tmp_path / "out"),
        "clip": True,
    }
    report = CONVERTERS.build(config)()
    assert report.shapes == 1
    assert config["type"] == "labelme2coco"  # its own copy was taken apart
    assert load_coco(tmp_path / "out")["annotations"][0]["area"] == 400


def test_registry_accepts_new_converters_and_refuses_duplicates() -> None:
    from dataforge.converters import Converters

    registry = Converters()

    @registry.register_module()
    class Acme2Coco:
        def __init__(self, source: str) -> None:
            self.source = source

    assert registry.get("Acme2Coco") is Acme2Coco
    assert registry.get("other") is None
    assert registry.build({"type": "Acme2Coco", "source": "x"}).source == "x"
    assert "Acme2Coco" in list(registry)
    with pytest.raises(UsageError, match=r"already registered by .*test_convert"):
        registry.register_module(name="Acme2Coco", module=dict)
    registry.register_module(name="Acme2Coco", module=dict, force=True)
    assert registry["Acme2Coco"] is dict
    with pytest.raises(UsageError, match=r"no converter 'x2y'; name one FROM2TO, .*, or Acme2Coco"):
        registry.build({"type": "x2y"})


def test_the_registry_names_formats_that_can_be_read_and_written() -> None:
    from dataforge.formats import get_format

    assert {"labelme2coco", "voc2coco"} <= set(CONVERTERS)
    for name in CONVERTERS:
        reads, _, writes = name.partition("2")
        assert get_format(reads).reader is not None
        assert get_format(writes).writer is not None


def test_coordinates_far_beyond_any_image_are_not_written(tmp_path: Path) -> None:
    """They were written as null, which stops mmdet."""
    picture(tmp_path / "d" / "a.jpg")
    boxes = ([1, 2, 3, 4], [0, 0, 1e300, 1e300])
    content = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 1, "bbox": box} for i, box in enumerate(boxes)
        ],
    }
    write(tmp_path / "d" / "x.json", content)
    report = convert(
        Job(source=str(tmp_path / "d"), out=str(tmp_path / "out"), reads="coco", writes="coco")
    )
    assert (report.shapes, report.lost) == (1, {"coordinates-too-large": 1})
    assert report.failed


# What the table counts -----------------------------------------------------------------------


def test_the_table_counts_what_is_written(tmp_path: Path) -> None:
    """YOLO has no crowds, and nothing outside of the image."""
    entries = [(1, [8, 8, 20, 20], 0), (1, [8, 8, 20, 20], 1), (2, [400, 8, 20, 20], 0),
               (2, [30, 8, 20, 20], 0)]  # fmt: skip
    annotations = [
        {"id": at, "image_id": 1, "category_id": category, "bbox": box, "area": 400,
         "iscrowd": crowd, "segmentation": []}
        for at, (category, box, crowd) in enumerate(entries, 1)
    ]  # fmt: skip
    write(tmp_path / "in" / "train.json", {
        "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": annotations,
    })  # fmt: skip
    picture(tmp_path / "in" / "a.png")
    report = convert(
        Job(source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads="coco", writes="yolo")
    )
    assert report.instances == {"train": {"cat": 1, "dog": 1}}
    assert report.lost == {"crowds-left-out": 1, "nothing-in-image": 1}
    assert report.shapes == 2
    rows = (tmp_path / "out" / "labels" / "train" / "a.txt").read_text().splitlines()
    assert [row.split()[0] for row in rows] == ["0", "1"]


def test_the_table_leaves_out_what_another_split_has(tmp_path: Path) -> None:
    """One labelme file for an image of two splits: that of the second is not written."""
    for split, category in (("train", 1), ("val", 2)):
        write(tmp_path / "in" / f"{split}.json", {
            "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
            "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": category, "iscrowd": 0,
                             "bbox": [8, 8, 20, 20], "area": 400, "segmentation": []}],
        })  # fmt: skip
    picture(tmp_path / "in" / "a.png")
    report = convert(
        Job(source=str(tmp_path / "in"), out=str(tmp_path / "out"), reads="coco", writes="labelme")
    )
    assert report.instances == {"train": {"cat": 1, "dog": 0}, "val": {"cat": 0, "dog": 0}}
    assert report.lost == {"name-collision": 1}
    assert report.shapes == 1
