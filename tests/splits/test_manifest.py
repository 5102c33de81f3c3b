"""The file that says which image is in which split, and what --split means."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from helpers import write

from dataforge.errors import DataforgeError, InputError, UsageError
from dataforge.splits import (
    Manifest,
    Rule,
    load_manifest,
    load_rule,
    not_in_manifest,
    save_manifest,
    split_names,
)

MANIFEST = Manifest(
    ratios={"train": 0.8, "val": 0.2},
    seed=3,
    group_by=r"(v\d+)\\",
    stratify=True,
    counts={"train": {"cat": 2, "left hand": 0}, "val": {"cat": 0, "left hand": 1}},
    images={"b/2.jpg": "val", "a.b/人 1.jpg": "train", 'say "hi"\x7f.png': "train"},
)


@pytest.mark.parametrize("name", ["splits.json", "splits.toml", "deep/Splits.TOML"])
def test_manifest_round_trips(name: str, tmp_path: Path) -> None:
    save_manifest(MANIFEST, tmp_path / name)
    assert load_manifest(tmp_path / name) == MANIFEST
    again = tmp_path / f"again{Path(name).suffix}"
    save_manifest(load_manifest(tmp_path / name), again)
    assert again.read_bytes() == (tmp_path / name).read_bytes()


def test_the_json_by_itself(tmp_path: Path) -> None:
    save_manifest(MANIFEST, tmp_path / "s.json")
    table = json.loads((tmp_path / "s.json").read_text("utf-8"))
    assert list(table) == [
        "version", "ratios", "seed", "group_by", "stratify", "counts", "images",
    ]  # fmt: skip
    assert table["version"] == 1
    assert list(table["images"]) == ["a.b/人 1.jpg", "b/2.jpg", 'say "hi"\x7f.png']  # sorted
    assert table["images"]["b/2.jpg"] == "val"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib")
def test_the_toml_by_itself(tmp_path: Path) -> None:
    import tomllib

    save_manifest(MANIFEST, tmp_path / "s.toml")
    table = tomllib.loads((tmp_path / "s.toml").read_text("utf-8"))
    assert table["group_by"] == MANIFEST.group_by
    assert table["stratify"] is True
    assert table["counts"]["val"]["left hand"] == 1
    assert table["images"] == MANIFEST.images
    plain = Manifest(ratios={"all": 1.0}, images={"a": "all"})
    save_manifest(plain, tmp_path / "plain.toml")
    assert (tmp_path / "plain.toml").read_text() == (
        "version = 1\nseed = 0\nstratify = false\n\n[ratios]\nall = 1.0\n\n[counts]\n\n"
        '[images]\na = "all"\n'
    )


def test_a_manifest_by_hand_needs_images_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json", {"images": {"a.jpg": "train", "b.jpg": "holdout"}})
    manifest = load_manifest(path)
    assert manifest.assign({"b.jpg": {}, "c.jpg": {}}) == {"b.jpg": "holdout"}
    assert split_names(manifest, {"b.jpg": "holdout", "a.jpg": "train"}) == ["holdout", "train"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("s.json", None, "cannot be read"),
        ("s.toml", None, "cannot be read"),
        ("s.json", "{", "s.json:1"),
        ("s.json", '{"images": {"a.jpg": 1}}', r"\$\.images"),
        ("s.toml", "[images]\na = 1", "images"),
        ("s.json", '{"images": {}}', "lists no images"),
        ("s.json", '{"images": {"a": "b"}, "shuffle": 1}', "shuffle"),
        ("s.json", '{"images": {"a": "../up"}}', "'../up' cannot be a split's name"),
        ("s.json", '{"images": {"a": ""}}', "'' cannot be a split's name"),
        ("s.json", '{"version": 2, "images": {"a": "b"}}', "newer dataforge"),
    ],
)
def test_invalid_manifests_are_refused(
    name: str, content: str | None, said: str, tmp_path: Path
) -> None:
    if content is not None:
        write(tmp_path / name, content)
    with pytest.raises(InputError, match=said):
        load_manifest(tmp_path / name)


# Matching --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "asked", "wanted"),
    [
        ({"a.jpg": "x", "b.jpg": "y"}, ["a.jpg", "c.jpg"], {"a.jpg": "x"}),
        # one exact match is enough: what else is alike is another image
        ({"a.jpg": "x"}, ["a.jpg", "b/a.jpg", "a.png"], {"a.jpg": "x"}),
        # none: without the extension, and the shorter lacks folders
        ({"a.jpg": "x"}, ["a.png", "b.png"], {"a.png": "x"}),
        ({"a.jpg": "x"}, ["JPEGImages/a.png"], {"JPEGImages/a.png": "x"}),
        ({"in/JPEGImages/a.png": "x"}, ["a.jpg", "b.jpg"], {"a.jpg": "x"}),
        ({"cam1/a.jpg": "x", "cam2/a.jpg": "y"}, ["in/cam2/a.jpg"], {"in/cam2/a.jpg": "y"}),
        ({"cam1/a.jpg": "x"}, ["cam2/a.jpg"], {}),
        ({"cam1/a.jpg": "x", "cam2/a.jpg": "y"}, ["a.png"], {}),  # which one?
        ({"cam1/a.jpg": "x", "cam2/a.jpg": "x"}, ["a.png"], {"a.png": "x"}),  # no matter
        ({"ba.jpg": "x"}, ["a.png"], {}),
    ],
)
def test_matching(listed: dict[str, str], asked: list[str], wanted: dict[str, str]) -> None:
    assert Manifest(images=listed).assign({name: {} for name in asked}) == wanted


# --split ---------------------------------------------------------------------------------------


def test_load_rule(tmp_path: Path) -> None:
    assert load_rule(None, 0, False, None) is None
    assert load_rule("a=0.5,b=0.5", 3, True, "x") == Rule(
        ratios={"a": 0.5, "b": 0.5}, seed=3, stratify=True, group_by="x"
    )
    save_manifest(MANIFEST, tmp_path / "s.toml")
    assert load_rule(str(tmp_path / "s.toml"), 0, False, None) == MANIFEST


@pytest.mark.parametrize(
    ("split", "stratify", "group_by", "said"),
    [
        (None, True, None, "--stratify requires --split"),
        (None, False, "x", "--group-by requires --split"),
        ("s.json", True, None, "--stratify requires"),
        ("a=0.5,b=0.5", False, "(", "--group-by"),
        ("splits", False, None, "--split splits"),
        ("gone.json", False, None, "gone.json: cannot be read"),
    ],
)
def test_load_rule_explains_errors(
    split: str | None, stratify: bool, group_by: str | None, said: str
) -> None:
    with pytest.raises(DataforgeError) as caught:
        load_rule(split, 0, stratify, group_by)
    assert said in str(caught.value)
    assert isinstance(caught.value, UsageError) is ("gone" not in said)


def test_unlisted_images_are_one_finding() -> None:
    finding = not_in_manifest({"b.jpg", "a.jpg"}, 7, "s.json")
    assert (finding.severity, finding.file, finding.lost) == ("error", "a.jpg", 7)
    assert "2 images are not in s.json" in finding.message
    assert "1 image is not in" in not_in_manifest(["a.jpg"], 0, "s.json").message
