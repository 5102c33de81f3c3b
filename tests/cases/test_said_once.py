"""One cause is one finding, however many objects it has; tables have no rows of zeros."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cases.folders import SIZE, coco, image, write
from command_line import Cli
from helpers import document, shape, voc_object, voc_xml

from dataforge.findings import Finding
from dataforge.verbs.check import CheckReport, check

MANY = 12
SQUARE = [[4, 4], [14, 14]]
NUMBERS = range(MANY)


def one(report: CheckReport, code: str) -> Finding:
    """The only finding of a code."""
    (found,) = [finding for finding in report.findings if finding.code == code]
    return found


def labelme(folder: Path, *, images: bool = True, **more: Any) -> None:
    for k in NUMBERS:
        if images:
            image(folder / f"{k:02}.jpg")
        marked = shape("cat", SQUARE, "rectangle", **more)
        size = {"imageWidth": SIZE[0], "imageHeight": SIZE[1]}
        write(folder / f"{k:02}.json", document(marked, image=f"{k:02}.jpg", **size))


def voc(folder: Path, *, images: bool = True) -> None:
    for k in NUMBERS:
        if images:
            image(folder / f"JPEGImages/{k:02}.jpg")
        write(folder / f"Annotations/{k:02}.xml", voc_xml(voc_object("cat", (5, 5, 15, 15))))


def coco_file(folder: Path, *, images: bool = True, **more: Any) -> None:
    names = [f"{k:02}.jpg" for k in NUMBERS]
    for name in names if images else ():
        image(folder / name)
    marked = [(k, k, 1, [4, 4, 10, 10], more) for k in NUMBERS]
    write(folder / "instances.json", coco([(k, name) for k, name in enumerate(names)], marked))


def yolo(folder: Path, *, images: bool = True) -> None:
    write(folder / "data.yaml", "names: [cat]\ntrain: images/train\n")
    image(folder / "images/train/there.jpg")
    write(folder / "labels/train/there.txt", "0 0.5 0.5 0.5 0.5\n")
    for k in NUMBERS:
        if images:
            image(folder / f"images/train/{k:02}.jpg")
        write(folder / f"labels/train/{k:02}.txt", "0 0.5 0.5 0.5 0.5\n")


@pytest.mark.parametrize("make", [labelme, voc, coco_file, yolo])
def test_missing_images(tmp_path: Path, make: Callable[..., None], cli: Cli) -> None:
    make(tmp_path, images=False)
    report = check(tmp_path)
    found = one(report, "image-missing")
    assert found.count == sum(report.counts["image-missing"].values()) == MANY
    assert len(found.examples) == 4 or "00.jpg, 01.jpg, 02.jpg, 03.jpg, 04.jpg, ..." in str(found)
    printed = cli("check", tmp_path).stdout
    assert printed.count("10.jpg") == printed.count("10.json") == printed.count("10.xml") == 0
    assert "... and" not in printed


def test_missing_images_in_the_report_of_a_conversion(tmp_path: Path, cli: Cli) -> None:
    labelme(tmp_path / "in", images=False)
    done = cli("convert", "labelme2coco", tmp_path / "in", tmp_path / "out", "--json")
    (found,) = [
        one for one in json.loads(done.stdout)["findings"] if one["code"] == "image-missing"
    ]
    assert (found["count"], len(found["examples"])) == (MANY, 4)
    shutil.rmtree(tmp_path / "out")
    done = cli("convert", "labelme2coco", tmp_path / "in", tmp_path / "out")
    assert f"error image-missing: {MANY}\n" in done.stdout
    assert f"({MANY} in all; also 01.json::$.imagePath, " in done.stdout
    assert " and 7 more)" in done.stdout


def test_groups_of_one(tmp_path: Path) -> None:
    labelme(tmp_path, group_id=3)
    report = check(tmp_path)
    found = one(report, "group-of-one")
    assert (found.count, found.place.file) == (MANY, "00.json")
    assert [place.file for place in found.examples] == ["01.json", "02.json", "03.json", "04.json"]
    assert report.counts["group-of-one"] == {"note": MANY}


def test_areas_are_one_finding_and_all_are_fixed(tmp_path: Path, cli: Cli) -> None:
    coco_file(tmp_path / "in", area=1)
    report = check(tmp_path / "in")
    found = one(report, "area-differs")
    assert (found.count, len(found.examples), len(found.edits)) == (MANY, 4, 5)
    assert report.counts["area-differs"] == {"warning": MANY}
    assert report.fixable["area-differs"] == MANY
    done = cli("check", tmp_path / "in", "--fix")
    assert f"area-differs {MANY}" in done.stdout
    content = json.loads((tmp_path / "in/instances.json").read_text())
    assert {entry["area"] for entry in content["annotations"]} == {100}
    assert "area-differs" not in check(tmp_path / "in").counts


def test_ignoring_a_file_leaves_the_others(tmp_path: Path) -> None:
    labelme(tmp_path / "in", group_id=3)
    ignored = "{ files = '0[0-5].json', code = 'group-of-one', reason = 'tracks' }"
    write(tmp_path / "dataforge.toml", f"[check]\nper-file = [{ignored}]\n")
    from dataforge.verbs.check import CheckOptions

    options = CheckOptions(settings=str(tmp_path / "dataforge.toml"))
    found = one(check(tmp_path / "in", options), "group-of-one")
    assert (found.count, found.place.file) == (MANY - 6, "06.json")


def test_images_in_two_splits(tmp_path: Path) -> None:
    voc(tmp_path)
    ids = "".join(f"{k:02}\n" for k in NUMBERS)
    for split in ("train", "val", "test"):
        write(tmp_path / f"ImageSets/Main/{split}.txt", ids)
    report = check(tmp_path)
    found = one(report, "image-in-two-splits")
    assert found.message.startswith(
        "12 images are in two splits (train and val, train and test, val and test): "
    )
    assert report.counts["image-in-two-splits"] == {"warning": MANY}
    assert [place.file for place in (found.place, *found.examples)] == [
        f"JPEGImages/{k:02}.jpg" for k in range(5)
    ]


def test_classes_without_objects(tmp_path: Path, cli: Cli) -> None:
    names = ["x", *(f"unused{k:02}" for k in NUMBERS)]
    image(tmp_path / "in/a.jpg")
    content = coco([(1, "a.jpg")], [(1, 1, 1, [4, 4, 10, 10])], names)
    write(tmp_path / "in/instances.json", content)
    report = check(tmp_path / "in")
    found = one(report, "class-without-instances")
    few = "unused00, unused01, unused02, unused03, unused04, ..."
    assert found.message.replace("'", "") == f"12 classes without objects: {few}"
    assert report.counts["class-without-instances"] == {"warning": MANY}
    for command in (
        ("convert", "coco2voc", tmp_path / "in", tmp_path / "out"),
        ("inspect", tmp_path / "in"),
    ):
        printed = cli(*command).stdout
        assert f"  12 classes without objects: {few}\n" in printed, command
        assert "unused05" not in printed.split("without objects")[0]


def test_a_single_class_without_objects_keeps_its_row(tmp_path: Path, cli: Cli) -> None:
    image(tmp_path / "in/a.jpg")
    content = coco([(1, "a.jpg")], [(1, 1, 1, [4, 4, 10, 10])], ["x", "y"])
    write(tmp_path / "in/instances.json", content)
    printed = cli("inspect", tmp_path / "in").stdout
    assert [line.split() for line in printed.splitlines() if line.startswith("  y")] == [["y", "0"]]


def test_of_many_classes_those_with_the_most_objects_have_rows(tmp_path: Path, cli: Cli) -> None:
    names = [f"c{k:03}" for k in range(100)]
    boxes = [(at, 1, at % 100 + 1, [4, 4, 10, 10]) for at in range(1, 160)]  # c001 to c059: two
    for name in ("a.jpg", "b.jpg"):
        image(tmp_path / "in" / name)
    write(tmp_path / "in/instances.json", coco([(1, "a.jpg"), (2, "b.jpg")], boxes, names))
    for command in (
        ("inspect", tmp_path / "in"),
        ("convert", "coco2voc", tmp_path / "in", tmp_path / "out"),
        ("split", tmp_path / "in", "--split", "train=80,val=20", "--output", tmp_path / "s.json"),
    ):
        ran = cli(*command)
        rows = [line.split()[0] for line in ran.stdout.splitlines() if line.startswith("  c0")]
        assert rows == names[1:41], ran.stdout + ran.stderr
        left = "  ... and 60 classes more, with up to 2 objects each; --json has all\n"
        assert left in ran.stdout
    (part,) = json.loads(cli("inspect", tmp_path / "in", "--json").stdout)["parts"]
    assert len(part["classes"]) == 100


def test_counts_are_of_objects(tmp_path: Path) -> None:
    names = [f"{k:02}.jpg" for k in NUMBERS]
    for name in names:
        image(tmp_path / name)
    content = coco([(k, name) for k, name in enumerate(names)],
                   [(k, k, 1, [4, 4, 10, 10]) for k in NUMBERS])  # fmt: skip
    for entry in content["annotations"]:
        del entry["area"], entry["iscrowd"], entry["id"]
    for entry in content["images"]:
        del entry["width"]
    write(tmp_path / "instances.json", content)
    counts = {code: sum(numbers.values()) for code, numbers in check(tmp_path).counts.items()}
    wanted = dict.fromkeys(("annotation-ids", "no-area", "no-iscrowd", "no-stated-size"), MANY)
    assert counts == wanted
