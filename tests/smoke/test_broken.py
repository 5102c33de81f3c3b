"""Each way to break the sample is refused with its own right reason, whatever the framework."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from smoke_broken import WAYS, reverse_categories, without_hands
from smoke_data import Sample, edit_json, every, preflight, refused

pytestmark = pytest.mark.filterwarnings("ignore")


@every
def test_the_clean_samples_are_ready(sample: Sample, framework: str) -> None:
    report = preflight(sample("coco", framework).config)
    assert (report.verdict, report.framework) == ("ready", framework)
    assert report.classes == ["face", "person", "hand"]
    # sample_data/labelme holds 17 persons, 17 faces and 34 hands in 14 images.
    total: Counter[str] = Counter()
    for count in report.counts.values():
        total.update(count.kept)
        assert count.marked == count.kept
    assert total == {"face": 17, "person": 17, "hand": 34}
    assert sum(count.images for count in report.counts.values()) == 14

    report = preflight(sample("voc", framework).config)
    assert report.verdict == "ready"
    assert report.counts["train"].kept == {"face": 22, "person": 22, "hand": 44}
    assert report.counts["val"].kept == {"face": 8, "person": 8, "hand": 16}
    # The three objects named none are said, and stop nothing.
    assert report.counts["train"].dropped == {"of no class": 2}
    assert [f.code for f in report.findings] == ["unknown-label", "unknown-label"]


@every
@pytest.mark.parametrize("name", WAYS)
def test_a_broken_copy_is_refused(
    sample: Sample, tmp_path: Path, framework: str, name: str
) -> None:
    way = WAYS[name]
    registered = sample(way.kind, framework)
    root = registered.broken(tmp_path)
    way.damage(root)
    refused(registered.config_for(root), way.codes, *way.words)


@every
def test_categories_in_another_order_are_read_by_name(
    sample: Sample, tmp_path: Path, framework: str
) -> None:
    registered = sample("coco", framework)
    root = registered.broken(tmp_path)
    edit_json(root, reverse_categories)
    report = preflight(registered.config_for(root))
    assert report.verdict == "ready"
    assert report.counts == preflight(registered.config).counts


@every
@pytest.mark.parametrize("category_too", [False, True])
def test_class_missing_from_val_split_is_a_warning(
    sample: Sample, tmp_path: Path, framework: str, category_too: bool
) -> None:
    def no_hands(content: dict[str, Any]) -> None:
        categories = list(content["categories"])
        without_hands(content)
        if not category_too:
            content["categories"] = categories

    registered = sample("coco", framework)
    root = registered.broken(tmp_path)
    edit_json(root, no_hands, splits=("val",))
    report = preflight(registered.config_for(root))
    assert report.verdict == "ready"
    warnings = [f for f in report.findings if f.severity == "warning"]
    assert any("'hand'" in f.message and "val" in f.file for f in warnings)


@every
def test_dropped_boxes_are_named_with_their_rule(
    sample: Sample, tmp_path: Path, framework: str
) -> None:
    def oddities(content: dict[str, Any]) -> None:
        image = content["images"][0]["id"]
        base = {"image_id": image, "iscrowd": 0, "area": 100.0, "segmentation": []}
        added = [
            {"bbox": [5, 5, 0.5, 20]},  # under one pixel
            {"bbox": [400, 5, 10, 10]},  # outside a 320 px wide image
            {"bbox": [5, 5, 10, 10], "area": 0},
            {"bbox": [5, 5, 10, 10], "iscrowd": 1},
        ]
        content["annotations"] += [
            {"id": 9000 + i, "category_id": 1, **base, **entry} for i, entry in enumerate(added)
        ]

    registered = sample("coco", framework)
    root = registered.broken(tmp_path)
    edit_json(root, oddities, splits=("train",))
    report = preflight(registered.config_for(root))
    assert report.verdict == "ready"
    train, clean = report.counts["train"], preflight(registered.config).counts["train"]
    assert train.dropped == {
        "under one pixel": 1,
        "outside the image": 1,
        "without an area": 1,
        "crowd or ignored": 1,
    }
    assert train.kept == clean.kept
    assert train.marked["face"] == clean.kept["face"] + 4
    said = [f.message for f in report.findings if f.code == "boxes-dropped"]
    for reason in train.dropped:
        assert f"1 object not used: {reason} ({report.rules[reason]})" in said


@every
def test_excluded_small_images_are_named(sample: Sample, tmp_path: Path, framework: str) -> None:
    registered = sample("voc", framework)
    root = registered.broken(tmp_path)
    with Image.open(root / "Images" / "000001.jpg") as image:
        image.resize((40, 30)).save(root / "Images" / "000001.jpg")
    xml = root / "Annotations" / "000001.xml"
    text = xml.read_text("utf-8")
    xml.write_text(text.replace("<width>320<", "<width>40<").replace("<height>240<", "<height>30<"))
    report = preflight(registered.config_for(root))
    train = report.counts["train"]
    if framework == "mmdet2":
        assert (train.images, train.images_kept) == (16, 15)
        reason = "in an image under 32 px"
        assert train.dropped[reason] == text.count("<object>")
        assert any(report.rules[reason] in f.message for f in report.findings)
    else:  # neither leaves out an image for its size
        assert (train.images, train.images_kept) == (16, 16)
        assert not any("in an image" in reason for reason in train.dropped)


@every
def test_optional_coco_keys_are_filled_in(sample: Sample, tmp_path: Path, framework: str) -> None:
    def bare(content: dict[str, Any]) -> None:
        for annotation in content["annotations"]:
            for key in ("area", "iscrowd", "segmentation"):
                annotation.pop(key)

    registered = sample("coco", framework)
    root = registered.broken(tmp_path)
    edit_json(root, bare)
    report = preflight(registered.config_for(root))
    assert report.verdict == "ready"
    assert report.counts == preflight(registered.config).counts


@every
def test_odd_xml_objects_are_named(sample: Sample, tmp_path: Path, framework: str) -> None:
    registered = sample("voc", framework)
    root = registered.broken(tmp_path)
    xml = root / "Annotations" / "000001.xml"
    text = xml.read_text("utf-8")
    start = text.index("<xmin>")
    end = text.index("</xmin>")
    xml.write_text(
        "<!DOCTYPE annotation>\n" + text[:start] + "<xmin>nan" + text[end:], encoding="utf-8"
    )
    report = preflight(registered.config_for(root))
    assert report.verdict == "ready"
    assert report.counts["train"].dropped == {"of no class": 2, "without a box": 1}


@every
def test_results_of_an_earlier_run_are_removed(
    sample: Sample, tmp_path: Path, framework: str
) -> None:
    registered = sample("coco", framework)
    root = registered.broken(tmp_path)
    config = registered.config_for(root)
    assert preflight(config).verdict == "ready"
    picture = config.parent / "smoke" / "ground_truth.png"
    assert picture.is_file()
    edit_json(root, lambda content: content.update(images=[], annotations=[]))
    assert preflight(config).verdict == "refused"
    assert not picture.exists()
