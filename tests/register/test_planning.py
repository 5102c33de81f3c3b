"""What is planned for a folder of XML files: layouts, labels, boxes."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pytest
from helpers import picture, run_convert, voc_object, voc_xml, write
from register.datasets import coco, planned, voc

from dataforge.errors import LayoutError, OutputError, UsageError


def test_well_known_name_applies_its_rules(parts: Path) -> None:
    plan_ = planned(parts)
    assert plan_.reasons[0] == "layout: HumanParts is well known (templates/layouts)"
    dataset = plan_.dataset
    assert dataset.classes == ("face", "person", "hand")
    assert (dataset.coords, dataset.ignore_case, dataset.difficult) == ("zero", True, "keep")
    assert dataset.splits["train"].ann_file == "ImageSets/privpersonpart_train.txt"
    assert dataset.splits["val"] == dataset.splits["test"]
    assert {"humanparts", "HumanParts", "human_parts", "privpersonpart"} <= {*dataset.aliases}
    assert plan_.images == {"train": 16, "val": 6}
    # counted with grep: 88 + 32 names that are not `none`, 30 of them faces, 30 persons
    assert sum(plan_.instances["train"].values()) == 88
    assert sum(plan_.instances["val"].values()) == 32
    assert [sum(c[name] for c in plan_.instances.values()) for name in dataset.classes] == [
        30,
        30,
        60,
    ]
    assert [finding.code for finding in plan_.findings] == ["skipped-label"]
    assert not plan_.failed


def test_well_known_name_with_a_different_folder(parts: Path) -> None:
    (parts / "Images").rename(parts / "pictures")
    plan_ = planned(parts)
    assert "but this folder differs (no folder Images/): folders are inferred" in plan_.reasons
    assert plan_.dataset.splits["train"].images == "pictures"
    assert plan_.dataset.classes == ("face", "person", "hand")


def test_flags_override_the_layout(parts: Path) -> None:
    plan_ = planned(
        parts,
        flags={
            "classes": ["hand", "face"],
            "coords": "voc",
            "difficult": "drop",
            "splits": {"train": "ImageSets/privpersonpart_val.txt"},
        },
        unknown="ignore",
    )
    assert plan_.dataset.classes == ("hand", "face")
    assert (plan_.dataset.coords, plan_.dataset.difficult) == ("voc", "drop")
    assert plan_.images == {"train": 6}
    assert plan_.instances == {"train": {"hand": 16, "face": 8}}
    codes = {finding.code: finding.severity for finding in plan_.findings}
    assert codes["unknown-label"] == "note"
    assert codes["val-is-train"] == "warning"
    text = {file.path: file.text for file in plan_.files}[
        "python/humanparts_dataset/annotations.py"
    ]
    assert "OFFSETS = (-1.0, -1.0, 0.0, 0.0)" in text


def test_a_layout_file(parts: Path, tmp_path: Path) -> None:
    layout = write(
        tmp_path / "mine.toml",
        'images = "Images"\nannotations = "Annotations"\ncoords = "mmdet"\nignore_case = true\n'
        'skip = ["none"]\n[splits]\ntrain = "ImageSets/privpersonpart_val.txt"\n'
        'val = "ImageSets/privpersonpart_train.txt"\n[aliases]\nhead = ["face"]\n',
    )
    plan_ = planned(parts, "Mine", layout=str(layout))
    assert plan_.images == {"train": 6, "val": 16}
    assert plan_.dataset.coords == "mmdet"
    assert plan_.dataset.classes == ("hand", "head", "person")  # none declared: sorted
    assert plan_.dataset.spellings["face"] == "head"
    (parts / "ImageSets" / "privpersonpart_val.txt").unlink()
    with pytest.raises(LayoutError, match=r"no file ImageSets/privpersonpart_val\.txt"):
        planned(parts, "Mine", layout=str(layout))


def test_unknown_labels_are_errors_unless_asked_otherwise(parts: Path) -> None:
    plan_ = planned(parts, flags={"classes": ["face", "hand"]})
    assert plan_.failed
    lost = {finding.message.split("'")[1]: finding.lost for finding in plan_.findings}
    assert lost == {"person": 25, "Person": 5, "none": 3}  # by grep
    added = planned(parts, flags={"classes": ["face", "hand"]}, unknown="add")
    assert added.dataset.classes == ("face", "hand", "person")
    assert not added.failed


def test_path_unsupported_by_mmcv_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Bob's data"):
        planned(voc(tmp_path / "Bob's data", "a", "b"), "Cats")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Coco", "its own CocoDataset"),
        ("voc07", "'voc07'"),
        ("2020", "cannot be a Python name"),
        ("XML", "its own XMLDataset"),
    ],
)
def test_invalid_names_are_refused(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        planned(voc(tmp_path / "d", "a", "b"), name)


def test_a_voc_folder_has_no_categories(parts: Path) -> None:
    assert planned(parts, drop="face").dataset.dropped == ()


CLASSES = """
[classes]
names = ["person", "hand", "face"]
drop = ["background"]
skip = ["none"]
ignore_case = true
[aliases]
person = ["pedestrian", "cafe\u0301"]
[merge]
limb = ["hand", "foot"]
"""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"drop": "background,face"},
        {"unknown": "add"},
        {"unknown": "ignore", "ignore_case": False},
        {"merge": "body=face,hand;person=foot", "labels": None},
        {"labels": "face,limb", "drop": "background", "merge": "limb=hand,foot", "skip": ("None",)},
    ],
)
@pytest.mark.parametrize("form", ["voc", "coco"])
def test_the_generated_class_and_the_converted_coco_agree(
    form: str, options: dict[str, Any], tmp_path: Path
) -> None:
    written = ["Person", "PEDESTRIAN", "caf\u00e9", " hand ", "Foot", "face", "Background", "none",
               "None", "limb", "dragon", "person", "_background_"]  # fmt: skip
    root = tmp_path / "d"
    picture(root / "img" / "a.jpg")
    if form == "voc":
        objects = (voc_object(name, (1, 2, 30, 40)) for name in written)
        write(root / "xml" / "a.xml", voc_xml(*objects))
    else:
        document = coco("a.jpg")
        document["categories"] = [{"id": n, "name": name} for n, name in enumerate(written)]
        document["annotations"] = [
            document["annotations"][0] | {"id": n, "category_id": n} for n in range(len(written))
        ]
        write(root / "train.json", document)
    rules = {"labels": str(write(tmp_path / "classes.toml", CLASSES)), **options}
    plan_ = planned(root, "Parts", **rules)
    report = run_convert(root, tmp_path / "out", form, **rules)
    assert list(plan_.dataset.classes) == report.classes
    ((split, converted),) = report.instances.items()
    assert {name: plan_.instances[split].get(name, 0) for name in report.classes} == converted
    assert sum(converted.values()) + sum(report.lost.values()) == len(written)
    lost = sum(finding.lost for finding in plan_.findings)
    assert lost == sum(report.lost.values())
    # what the generated class does with a name (templates/mmdet2), by hand
    found = [unicodedata.normalize("NFC", name.strip()) for name in written]
    if plan_.dataset.ignore_case:
        found = [name.casefold() for name in found]
    classes = [plan_.dataset.spellings.get(name) for name in found]
    assert {name: classes.count(name) for name in report.classes} == converted


@pytest.mark.parametrize("form", ["voc", "coco"])
def test_unusable_boxes_are_reported_as_in_a_conversion(form: str, tmp_path: Path) -> None:
    root = tmp_path / "d"
    picture(root / "img" / "a.jpg")
    if form == "voc":
        boxes = (5, 5, 5, 9), (70, 2, 80, 9), (1, 2, 30, 40)
        write(root / "xml" / "a.xml", voc_xml(*(voc_object("cat", box) for box in boxes)))
        for split in ("train", "trainval"):  # told once all the same
            write(root / f"{split}.txt", "a\n")
    else:
        document = coco("a.jpg")
        (first,) = document["annotations"]
        boxes = (5, 5, 0, 4), (70, 2, 10, 7), (1, 2, 29, 38)
        document["annotations"] = [first | {"id": n, "bbox": box} for n, box in enumerate(boxes)]
        write(root / "train.json", document)
    plan_ = planned(root, "Cats", flags={"coords": "zero"} if form == "voc" else {})
    useless = [
        finding for finding in plan_.findings if finding.code in ("zero-area", "outside-image")
    ]
    assert [(finding.code, finding.severity) for finding in useless] == [
        ("zero-area", "warning"),
        ("outside-image", "warning"),
    ]
    assert plan_.instances["train"] == {"cat": 3}
    report = run_convert(root, tmp_path / "out", form)
    assert useless == list(
        dict.fromkeys(finding for finding in report.findings if finding in useless)
    )
