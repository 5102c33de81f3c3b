"""The preflight itself, over a framework that exists in this file alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from dataforge.findings import Finding
from dataforge.frameworks.adapter import (
    BuiltDataset,
    ImageInfo,
    Part,
    TrainingConfig,
    Trial,
    TrialSettings,
    Truth,
)
from dataforge.verbs.smoke.preflight import preflight
from dataforge.verbs.smoke.report import SmokeReport

XML = "<annotation>{}</annotation>"
CAT = (
    "<object><name>cat</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax>"
    "</bndbox></object>"
)


class ToyPart(Part):
    """A folder of images of 40 x 20 px with an XML file each.

    Attributes:
        kept: names of the images that training sees; None is all.
        given: boxes that it makes of each object; 0 loses them, for no reason.
    """

    min_size = 32

    def __init__(self, folder: Path, cats: dict[str, int], classes: tuple[str, ...]) -> None:
        self.where = folder.name
        self.classes = classes
        self.cats = cats
        self.kept: set[str] | None = None
        self.given = 1
        self.images = []
        for name, number in cats.items():
            xml, path = folder / f"{name}.xml", folder / f"{name}.png"
            xml.write_text(XML.format(CAT * number))
            Image.new("RGB", (40, 40)).save(path)
            self.images.append(ImageInfo(name, path, 40, 40, xml=xml))

    def build(self, *, training: bool) -> BuiltDataset:
        kept = self.kept if training and self.kept is not None else set(self.cats)
        images = [image for image in self.images if image.name in kept]

        def truth(index: int) -> Truth:
            number = self.cats[images[index].name] * self.given
            return Truth([0] * number, [(2.0, 2.0, 9.0, 9.0)] * number)

        return BuiltDataset(classes=self.classes, images=images, truth=truth)


class ToyConfig(TrainingConfig):
    """Any parts, and one head."""

    title = "toy"
    truth_method = "boxes_of"
    background = 1
    rules = {"in an image that toy filters out": "toy has its moods"}  # noqa: RUF012

    def __init__(self, head: int = 2, **splits: Part) -> None:
        self.splits = splits
        self.head = head

    def where(self, split: str) -> str:
        return f"toy.{split}"

    def parts(self, split: str) -> Sequence[Part]:
        return [self.splits[split]] if split in self.splits else []

    def same(self, split: str, other: str) -> bool:
        return self.splits.get(split) is self.splits.get(other)

    def heads(self) -> Sequence[tuple[str, int]]:
        return [("model.head", self.head)]

    def trial(self, images: Sequence[str], size: int, settings: TrialSettings) -> Trial:
        raise NotImplementedError


@pytest.fixture
def part(tmp_path: Path) -> ToyPart:
    return ToyPart(tmp_path, {"a": 2, "b": 1}, ("cat",))


def errors(findings: list[Finding]) -> list[str]:
    return [str(finding) for finding in findings if finding.severity == "error"]


def test_a_sound_config(part: ToyPart) -> None:
    report = SmokeReport()
    built = preflight(ToyConfig(train=part, val=part, test=part), report)
    assert report.findings == []
    assert report.counts["train"].kept == {"cat": 3}
    assert list(report.counts) == ["train", "val"]  # test is the same as val
    assert list(built) == ["train", "val"]
    assert report.rules == ToyConfig.rules


def test_a_long_preflight_says_how_far_it_is(
    part: ToyPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataforge.verbs.evaluate import configs

    clock = iter(range(0, 1000, 11))  # eleven seconds for each image
    monkeypatch.setattr(configs.time, "monotonic", lambda: next(clock))
    said: list[str] = []
    preflight(ToyConfig(train=part), SmokeReport(), log=said.append)
    assert said == [f"{part.where}: 1 of 2 images, about 11 s left"]


def test_missing_split(part: ToyPart) -> None:
    report = SmokeReport()
    preflight(ToyConfig(train=part), report)
    assert [(f.code, f.file, f.severity) for f in report.findings] == [
        ("no-split", "toy.val", "warning"),
        ("no-split", "toy.test", "warning"),
    ]
    assert "evaluates on toy.val and test.py on toy.test" in report.findings[0].remedy
    report = SmokeReport()
    assert "train" not in preflight(ToyConfig(val=part, test=part), report)
    assert errors(report.findings)[0].startswith("toy.train: the config does not have this split")


def test_heads_count_the_background_where_the_framework_does(part: ToyPart) -> None:
    report = SmokeReport()
    preflight(ToyConfig(head=1, train=part, val=part), report)
    (error,) = errors(report.findings)
    assert "model.head: num_classes is 1, but the dataset has 1 class (cat)" in error
    assert "set it to 2; toy counts the background" in error


def test_splits_with_other_classes(part: ToyPart, tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    other = ToyPart(tmp_path / "val", {"c": 1}, ("cat", "dog"))
    report = SmokeReport()
    preflight(ToyConfig(train=part, val=other), report)
    (error,) = errors(report.findings)
    assert "toy.val: has the classes ('cat', 'dog'), but train has ('cat',)" in error


def test_images_that_the_framework_filters_out(part: ToyPart) -> None:
    part.kept = {"a"}
    report = SmokeReport()
    preflight(ToyConfig(train=part, val=part, test=part), report)
    train = report.counts["train"]
    assert (train.images, train.images_kept) == (2, 1)
    assert train.dropped == {"in an image that toy filters out": 1}
    (warning,) = report.findings
    assert warning.message == (
        "1 object not used: in an image that toy filters out (toy has its moods)"
    )


def test_boxes_that_no_rule_leaves_out(part: ToyPart, tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    part.given = 0
    report = SmokeReport()
    preflight(ToyConfig(train=part, val=ToyPart(tmp_path / "val", {"c": 1}, ("cat",))), report)
    said = " ".join(errors(report.findings))
    assert "drops 3 boxes, which no rule of toy explains, the first in a" in said
    assert "compare its boxes_of with the annotation" in said
    assert "no ground truth left of 3 objects (3 for no known reason)" in said


def test_images_that_are_too_large_to_decode_are_counted_once(
    part: ToyPart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataforge.io.limits.MAX_DECODED_BYTES", 40 * 40)
    report = SmokeReport()
    preflight(ToyConfig(train=part, val=part), report)
    found = [one for one in report.findings if one.code == "images-sampled"]
    assert {one.severity for one in found} == {"warning"}
    assert len(found) == 2  # one a split
    number = len(part.images)
    assert found[0].message.startswith(f"{number} of {number} images were not decoded in full, ")
    assert "too large to decode: 40x40 pixels" in found[0].message
