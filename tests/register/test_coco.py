"""Registering COCO files as they are."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from helpers import HEIGHT, WIDTH, picture, write
from register.datasets import Cli, coco, planned

from dataforge.errors import InputError, LayoutError, UsageError
from dataforge.frameworks import TrainSpec, frameworks
from dataforge.verbs.register import Request, plan


@pytest.mark.parametrize(
    ("jsons", "images", "splits"),
    [
        (
            {"annotations/instances_train2017.json": "a.jpg",
             "annotations/instances_val2017.json": "b.jpg"},
            ["train2017/a.jpg", "val2017/b.jpg"],
            {"train": ("annotations/instances_train2017.json", "train2017"),
             "val": ("annotations/instances_val2017.json", "val2017")},
        ),
        (
            {"train.json": "a.jpg", "val.json": "sub/b.jpg", "test.json": "c.jpg"},
            ["images/a.jpg", "images/sub/b.jpg", "images/c.jpg"],
            {"train": ("train.json", "images"), "val": ("val.json", "images"),
             "test": ("test.json", "images")},
        ),
        (
            {"train/_annotations.coco.json": "a.jpg", "valid/_annotations.coco.json": "a.jpg"},
            ["train/a.jpg", "valid/a.jpg"],  # the same name in both
            {"train": ("train/_annotations.coco.json", "train"),
             "val": ("valid/_annotations.coco.json", "valid")},
        ),
        (
            {"coco.json": "a.jpg"},
            ["a.jpg"],
            {"train": ("coco.json", "")},
        ),
    ],
)  # fmt: skip
def test_coco_folders(
    jsons: dict[str, str],
    images: list[str],
    splits: dict[str, tuple[str, str]],
    tmp_path: Path,
) -> None:
    root = tmp_path / "d"
    for name in images:
        write(root / name)
    for name, file_name in jsons.items():
        write(root / name, coco(file_name))
    plan_ = planned(root, "Cats")
    assert plan_.dataset.format == "coco"
    assert plan_.dataset.classes == ("cat",)  # no dog is marked
    found = {use: (s.ann_file, s.images) for use, s in plan_.dataset.splits.items()}
    assert {use: found[use] for use in splits} == splits
    assert all(instances == {"cat": 1} for instances in plan_.instances.values())
    assert not plan_.failed


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("pictures", "pictures"),  # in the root
        ("here", "{cwd}/here"),  # in the working directory
        ("../elsewhere", "{tmp}/elsewhere"),
        ("{tmp}/elsewhere", "{tmp}/elsewhere"),
        ("both", "both"),  # the root comes first
    ],
)
def test_coco_images_in_a_given_folder(given: str, written: str, tmp_path: Path) -> None:
    root = tmp_path / "deep" / "d"
    write(root / "train.json", coco("a.jpg"))
    for folder in (root / "pictures", root / "both", Path("here"), Path("both")):
        picture(folder / "a.jpg")
    picture(tmp_path / "elsewhere" / "a.jpg")
    names = {"tmp": tmp_path, "cwd": Path.cwd()}
    plan_ = planned(root, "Cats", flags={"images": given.format(**names)})
    assert plan_.dataset.splits["train"].images == written.format(**names)


def test_coco_images_of_each_split_in_a_layout_file(tmp_path: Path) -> None:
    root = tmp_path / "d"
    for folder in ("one", "two", "three"):  # the same names in all of them
        picture(root / folder / "a.jpg")
    write(root / "train.json", coco("a.jpg"))
    write(root / "val.json", coco("a.jpg"))
    layout = 'format = "coco"\n[split_images]\ntrain = "two"\nval = "three"\n'
    dataset = planned(root, "Cats", layout=str(write(tmp_path / "cats.toml", layout))).dataset
    assert {use: spec.images for use, spec in dataset.splits.items()} == {
        "train": "two",
        "val": "three",
        "test": "three",
    }


def test_coco_images_not_found(tmp_path: Path) -> None:
    write(tmp_path / "d" / "train.json", coco("a.jpg"))
    with pytest.raises(LayoutError, match="--image-dir nowhere: no such folder"):
        planned(tmp_path / "d", "Cats", flags={"images": "nowhere"})


@pytest.mark.parametrize(
    ("segmentations", "masks"),
    [([[1, 2, 3, 4, 5, 6]], True), ([], False), ({"size": [48, 64], "counts": [0, 3072]}, True)],
)
def test_coco_masks(segmentations: Any, masks: bool, tmp_path: Path) -> None:
    root = tmp_path / "d"
    picture(root / "a.jpg")
    write(root / "train.json", coco("a.jpg", segmentation=segmentations))
    assert planned(root, "Cats").dataset.has_masks is masks
    request = Request(name="Cats", root=str(root), train=TrainSpec(base="mask_rcnn_r50_fpn"))
    if masks:
        assert plan(request).targets[0].config == "configs/mmdet2/cats/mask_rcnn_r50_fpn_cats.py"
    else:
        with pytest.raises(UsageError, match="requires masks"):
            plan(request)


def test_annotation_without_mask_is_named(cli: Cli, tmp_path: Path) -> None:
    ring = [1, 2, 30, 4, 5, 36]
    marked = [
        {"id": n, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "segmentation": [rings]}
        for n, rings in enumerate((ring, ring[:4], ring), 1)
    ]
    document = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}],
        "annotations": marked,
        "categories": [{"id": 1, "name": "cat"}],
    }
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "train.json", document)
    said = "1 of 3 objects have none, the first train.json::$.annotations[1]"
    code, out, _ = cli("register", "Cats", "--root", tmp_path / "d", "--dry-run")
    assert code == 0
    assert f"masks: {said}" in out
    for name in frameworks():
        options = ("--root", tmp_path / "d", "--framework", name, "--base", "mask_rcnn_r50_fpn")
        code, _, errors = cli("register", "Cats", *options)
        assert (code, "requires masks, and " + said in errors) == (2, True), name


def test_coco_is_not_split_here(tmp_path: Path) -> None:
    picture(tmp_path / "d" / "a.jpg")
    write(tmp_path / "d" / "train.json", coco("a.jpg"))
    with pytest.raises(UsageError, match="split by `convert`"):
        planned(tmp_path / "d", "Cats", split="train=0.5,val=0.5")


def test_coco_categories_excluded_from_classes(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        picture(tmp_path / "d" / name)
    document = coco("a.jpg", "b.jpg")
    document["annotations"][1]["category_id"] = 0  # a dog
    write(tmp_path / "d" / "train.json", document)
    plan_ = planned(tmp_path / "d", "Cats", labels="dog")
    assert plan_.failed
    (finding,) = [finding for finding in plan_.findings if finding.code == "unknown-label"]
    assert (finding.file, finding.where, finding.lost) == ("train.json", "$.annotations[0]", 1)
    assert plan_.instances["train"] == {"dog": 1}
    added = planned(tmp_path / "d", "Cats", labels="dog", unknown="add")
    assert added.dataset.classes == ("dog", "cat")
    assert added.instances["train"] == {"dog": 1, "cat": 1}
    aliases = str(write(tmp_path / "aliases.toml", 'dog = ["hound"]\n'))
    assert planned(tmp_path / "d", "Cats", aliases=aliases).dataset.classes == ("cat", "dog")
    dropped = planned(tmp_path / "d", "Cats", labels="dog", drop="cat")
    assert not dropped.failed
    assert "dropped-class" in {finding.code for finding in dropped.findings}


# Roboflow's exports begin with a supercategory that nothing is marked with.
ROBOFLOW = [{"id": 0, "name": "cells-ab1", "supercategory": "none"},
            {"id": 1, "name": "WBC", "supercategory": "cells-ab1"},
            {"id": 2, "name": "red, round", "supercategory": "cells-ab1"}]  # fmt: skip


def roboflow(root: Path, used: dict[str, int], names: Sequence[str] = ()) -> Path:
    """Folders of splits; what is marked in each is of one category."""
    for split, category in used.items():
        picture(root / split / f"{split}.jpg")
        document = coco(f"{split}.jpg", category_id=category)
        document["categories"] = [
            entry | {"name": name} if name else entry
            for entry, name in zip_longest(ROBOFLOW, names)
        ]
        write(root / split / "_annotations.coco.json", document)
    return root


def test_category_without_annotations_is_not_a_class(tmp_path: Path) -> None:
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 1})
    plan_ = planned(root, "Cells", layout="coco")
    assert plan_.dataset.classes == ("WBC",)
    assert plan_.dataset.spellings == {"WBC": "WBC"}
    assert plan_.dataset.dropped == ("cells-ab1", "red, round")
    assert plan_.instances == {"train": {"WBC": 1}, "val": {"WBC": 1}}
    (finding,) = plan_.findings
    assert (finding.code, finding.severity) == ("category-without-instances", "note")
    assert (finding.file, finding.where) == ("train/_annotations.coco.json", "$.categories")
    assert "'cells-ab1', 'red, round'" in finding.message
    # A comma in a name is no comma between names.
    assert (
        "to keep it, use --labels FILE with the lines 'cells-ab1', 'WBC', 'red, round'"
        in finding.remedy
    )


def test_option_suggested_by_the_note_keeps_the_category(cli: Cli, tmp_path: Path) -> None:
    names = ["cells-ab1", "WBC", "it's red"]
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 2}, names)
    code, out, _ = cli("register", "Cells", "--root", root, "--dry-run")
    assert code == 0
    (line,) = [line for line in out.splitlines() if "::$.categories: " in line]
    assert "no split has annotations of 'cells-ab1': not a class" in line
    option, value = shlex.split(line.split("; ")[1])[-2:]
    plan_ = planned(root, "Cells", **{option.removeprefix("--"): value})
    assert plan_.dataset.classes == (*names,)
    assert plan_.dataset.dropped == ()
    assert "category-without-instances" not in {finding.code for finding in plan_.findings}


@pytest.mark.parametrize(
    ("options", "classes", "dropped"),
    [
        ({}, ["WBC", "RBC"], ["cells"]),
        ({"drop": "RBC"}, ["WBC"], ["cells", "RBC"]),
        ({"skip": ("RBC ",)}, ["WBC"], ["cells", "RBC"]),
        ({"merge": "cells=WBC,RBC"}, ["cells"], []),
        ({"labels": "WBC", "unknown": "ignore"}, ["WBC"], ["cells", "RBC"]),
        ({"labels": "WBC", "unknown": "add"}, ["WBC", "RBC"], ["cells"]),
        ({"labels": "RBC,cells,WBC"}, ["RBC", "cells", "WBC"], []),
        # what may be a misspelt class is not on purpose none
        ({"labels": "WBC,red"}, ["WBC", "red"], []),
        ({"labels": "WBC,red", "drop": "cells"}, ["WBC", "red"], ["cells"]),
        ({"flags": {"classes": ["cells", "RBC"]}}, ["cells", "RBC"], []),
    ],
)
def test_deliberately_dropped_categories(
    options: dict[str, Any], classes: list[str], dropped: list[str], tmp_path: Path
) -> None:
    root = roboflow(tmp_path / "d", {"train": 1, "valid": 2}, ["cells", "WBC", "RBC"])
    dataset = planned(root, "Cells", **options).dataset
    assert [*dataset.classes] == classes
    assert [*dataset.dropped] == dropped


def test_no_usable_annotations_is_an_error(tmp_path: Path) -> None:
    root = roboflow(tmp_path / "d", {"train": 7})
    with pytest.raises(InputError, match="no annotation belongs to any of the classes") as caught:
        planned(root, "Cells")
    assert "no category has the id 7" in str(caught.value)


def text_of(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False)


def entry(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same with another first annotation."""
    first, *others = document["annotations"]
    return document | {"annotations": [first | changes, *others]}


FINE = coco("d/ä.jpg", "d/b.jpg")


A, B = FINE["images"]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (FINE | {"images": [A | {"file_name": "d\\ä.jpg"}, B]}, "backslashes",
         "$.images[0].file_name"),
        (FINE | {"images": [A, B | {"file_name": "d/c.jpg"}]}, "image-missing",
         "$.images[1].file_name"),
        (FINE | {"images": [A | {"width": None}, B]}, "no-stated-size", "$.images[0]"),
        (FINE | {"images": [A | {"id": "0"}, B]}, "ids-of-two-kinds", "$.annotations[0].image_id"),
        (b"\xef\xbb\xbf" + text_of(FINE).encode(), "byte-order-mark", ""),
        (text_of(FINE).encode("gb18030"), "encoding", ""),
        (entry(FINE, image_id=7), "dangling-image-id", "$.annotations[0].image_id"),
        (entry(FINE, category_id=7), "dangling-category-id", "$.annotations[0].category_id"),
        (entry(FINE, category_id="1"), "ids-of-two-kinds", "$.annotations[0].category_id"),
        (entry(FINE, id=1), "annotation-ids", "$.annotations[1].id"),
        (entry(FINE, bbox=["1", "2", "3", "4"]), "odd-number", "$.annotations[0].bbox"),
        (entry(FINE, iscrowd="no"), "bad-value", "$.annotations[0].iscrowd"),
        (entry(FINE, bbox=[], segmentation=[[1, 2, 3, 4, 5, 0]]), "no-bbox", "$.annotations[0]"),
    ],
)  # fmt: skip
def test_coco_files_that_training_stops_at(
    content: Any, code: str, where: str, cli: Cli, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    for name in ("ä.jpg", "b.jpg"):
        picture(root / "d" / name)
    write(root / "train.json", content)
    plan_ = planned(root, "Cats")
    (finding,) = [finding for finding in plan_.findings if finding.severity == "error"]
    assert (finding.code, finding.file, finding.where) == (code, "train.json", where)
    assert finding.remedy
    result, out, _ = cli("register", "Cats", "--root", root)
    assert result == 1
    assert f"error {code}: 1" in out
    assert f"registered {plan_.dataset.class_name}" in out
    assert (Path("cats_registered") / plan_.targets[0].config).is_file()
    if "coco filter" in finding.remedy:
        result, _, _ = cli("coco", "filter", root / "train.json", tmp_path / "mended.json")
        assert result in (0, 1)
        shutil.copy(tmp_path / "mended.json", root / "train.json")
        assert not planned(root, "Cats").failed
