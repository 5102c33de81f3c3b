"""Splits that a dataset does not have, and lists of ids of our own."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path

import pytest
from helpers import load_coco, run_convert, write
from register.datasets import planned, voc

from dataforge.errors import InputError, UsageError
from dataforge.verbs.register import apply, unregister


def test_splits_are_made_from_ratios(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *(f"p{i}" for i in range(10)))
    plan_ = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=3)
    files = {file.path: file.text for file in plan_.files}
    lists = {name: files[f"splits/{name}.txt"].split() for name in ("train", "val", "test")}
    assert [len(ids) for ids in lists.values()] == [7, 2, 1]
    assert sorted(chain(*lists.values())) == [f"p{i}" for i in range(10)]
    assert plan_.images == {"train": 7, "val": 2, "test": 1}
    assert plan_.instances["train"] == {"cat": 7}
    for name in lists:
        assert plan_.dataset.splits[name].ann_file == str(plan_.out / "splits" / f"{name}.txt")
    again = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=3)
    assert again.files == plan_.files
    other = planned(root, "Cats", split="train=0.7,val=0.2,test=0.1", seed=4)
    assert other.files != plan_.files
    apply(plan_)
    assert {"train.txt", "val.txt", "test.txt"} == {*os.listdir(plan_.out / "splits")}
    unregister("Cats")
    assert not plan_.out.exists()


def test_existing_splits_are_not_split_again(parts: Path) -> None:
    with pytest.raises(UsageError, match="already has splits"):
        planned(parts, split="train=0.5,val=0.5")


def test_dataset_without_splits_is_registered_as_all(tmp_path: Path) -> None:
    plan_ = planned(voc(tmp_path / "d", "a", "b"), "Cats")
    assert plan_.images == {"all": 2}
    (finding,) = [finding for finding in plan_.findings if finding.code == "val-is-train"]
    assert "--split train=80,val=20" in (finding.remedy or "")
    assert {s.ann_file for s in plan_.dataset.splits.values()} == {
        str(plan_.out / "splits" / "all.txt")
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\nb\n", True),
        ("  a \n\n\tb\n\n", True),
        ("\ufeffa\nb", True),
        ("a\r\nb\r\n", True),
        ("a.jpg\nb.jpg\n", False),
        ("a  1\nc -1\nb  1\n", False),
        ("a,1\r\nb,1\r\n", False),
        ("img/a.jpg\n./b.jpg\n", False),
        ("a\nb\na\n", False),
    ],
)
def test_untidy_split_list_gets_a_clean_copy(text: str, clean: bool, tmp_path: Path) -> None:
    root = voc(tmp_path / "d", "a", "b", "c", train=text, val="c\n")
    plan_ = planned(root, "Cats")
    assert plan_.images == {"train": 2, "val": 1}
    lists = {file.path: file.text for file in plan_.files if file.path.endswith(".txt")}
    assert lists == ({} if clean else {"splits/train.txt": "a\nb\n"})
    ann_file = plan_.dataset.splits["train"].ann_file
    assert ann_file == ("train.txt" if clean else str(plan_.out / "splits" / "train.txt"))
    assert plan_.dataset.splits["val"].ann_file == "val.txt"


def test_unreadable_entries_are_reported_and_left_out_of_lists(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abcde")
    write(root / "xml" / "b.xml", "<annotation>")
    (root / "img" / "c.jpg").unlink()
    plan_ = planned(root, "Cats", split="train=0.5,val=0.5")
    assert plan_.failed
    assert {"unreadable-xml", "image-missing"} <= {finding.code for finding in plan_.findings}
    lists = [file.text.split() for file in plan_.files if file.path.endswith(".txt")]
    assert sorted(chain(*lists)) == ["a", "d", "e"]
    assert sum(counts["cat"] for counts in plan_.instances.values()) == 3


def test_a_manifest_makes_the_lists(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abcd")
    images = {"img/a.jpg": "val", "img/b.jpg": "train", "img/c.jpg": "train"}
    manifest = write(tmp_path / "s.json", {"images": images})
    plan_ = planned(root, "Cats", split=str(manifest))
    lists = {file.path: file.text for file in plan_.files if file.path.endswith(".txt")}
    assert lists == {"splits/train.txt": "b\nc\n", "splits/val.txt": "a\n"}
    assert plan_.images == {"train": 2, "val": 1}
    (finding,) = [finding for finding in plan_.findings if finding.code == "not-in-manifest"]
    assert (finding.severity, finding.file, finding.lost) == ("error", "img/d.jpg", 1)
    # by the id alone, as from another folder
    write(manifest, {"images": {f"{id_}.png": "train" if id_ == "d" else "val" for id_ in "abcd"}})
    plan_ = planned(root, "Cats", split=str(manifest))
    assert not plan_.failed
    assert plan_.images == {"train": 1, "val": 3}
    write(manifest, {"images": {"x.png": "train"}})
    with pytest.raises(InputError, match="none of its images"):
        planned(root, "Cats", split=str(manifest))


def test_manifest_replaces_the_lists_of_the_dataset(tmp_path: Path) -> None:
    root = voc(tmp_path / "d", *"abc", train="a\nb\n", val="b\nc\n")  # b is in both
    images = {"img/a.jpg": "train", "img/b.jpg": "val", "img/c.jpg": "train"}
    manifest = write(tmp_path / "s.json", {"images": images})
    plan_ = planned(root, "Cats", split=str(manifest))
    assert plan_.images == {"train": 2, "val": 1}
    assert plan_.instances == {"train": {"cat": 2}, "val": {"cat": 1}}
    assert plan_.dataset.splits["train"].ann_file == str(plan_.out / "splits" / "train.txt")


def test_made_splits_are_those_of_a_conversion(tmp_path: Path) -> None:
    """The same rule, the same sides: what is registered is what was converted."""
    root = voc(tmp_path / "d", *(f"v{i % 4}_{i}" for i in range(20)))
    rule = {"split": "train=0.5,val=0.5", "seed": 3, "stratify": True, "group_by": "(v.)_"}
    plan_ = planned(root, "Cats", **rule)
    run_convert(root, tmp_path / "coco", "voc", **rule)
    for file in plan_.files:
        if file.path.endswith(".txt"):
            name = Path(file.path).stem
            file_names = [
                image["file_name"] for image in load_coco(tmp_path / "coco", name)["images"]
            ]
            assert sorted(f"img/{id_}.jpg" for id_ in file.text.split()) == sorted(file_names)
