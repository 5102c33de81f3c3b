"""Running checks: which are started, what they are given, and what becomes of their errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from helpers import picture
from seeded import FORMATS, make

from dataforge.checks import Check, DatasetInfo, Facts, Running, Whole, start
from dataforge.classes import ClassRules, Tally
from dataforge.codes import code, codes, codes_of, find_code
from dataforge.datasets import Fact, KeepingRoot
from dataforge.errors import ParseError, UsageError
from dataforge.findings import Finding, Place
from dataforge.io import Root
from dataforge.records import Header, Image
from dataforge.verbs.check import check
from dataforge.verbs.fix import planned_fixes


class Tell(Check):
    """Says what it is given."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        yield self.finding(image.place, image.file_name)
        yield self.fact(image.file_name)

    def finish(self, facts: Facts, whole: Whole) -> Iterator[Finding]:
        yield self.finding(Place("."), f"end {facts.of(self.name)}", severity="note")


class Fail(Check):
    """Fails in each hook, at once or on the way."""

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        yield self.finding(image.place, "so far")
        raise OSError("gone")

    def finish(self, facts: Facts, whole: Whole) -> Iterator[Finding]:
        raise ParseError("a.json", "line 1", "is empty")


def data_of(folder: Path, format_: str = "labelme") -> DatasetInfo:
    return DatasetInfo(KeepingRoot(str(folder)), format_, ClassRules().resolver())


def image_of(source: str, name: str) -> Image:
    return Image(file_name=name, width=4, height=4, place=Place(source))


def whole_of(data: DatasetInfo) -> Whole:
    return Whole(data, [], Header(), data.resolver.settle(Tally()))


def test_hooks_are_called_in_order(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    running = Running(data, [Tell("tiny-object", data)])
    images = [image_of("a.json", "1"), image_of("a.json", "2"), image_of("b.json", "3")]
    said = [each for image in images for each in running.image(image)]
    assert [each for each in said if isinstance(each, Image)] == images
    facts = [each for each in said if isinstance(each, Fact)]
    assert facts == [Fact("tiny-object", name) for name in "123"]
    told = Facts({"tiny-object": [fact.value for fact in facts]})
    found = [each for each in said if isinstance(each, Finding)]
    found += running.finish(told, whole_of(data))
    assert [(f.file, f.message, f.severity) for f in found] == [
        ("a.json", "1", "note"),
        ("a.json", "2", "note"),
        ("b.json", "3", "note"),
        (".", "end ['1', '2', '3']", "note"),
    ]
    assert {finding.code for finding in found} == {"tiny-object"}


def test_a_file_that_a_check_cannot_read_is_a_finding(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    running = Running(data, [Fail("tiny-object", data), Tell("huge-box", data)])
    image = image_of("a.json", "1")
    said = [each for each in running.image(image) if isinstance(each, Finding)]
    said += running.finish(Facts({}), whole_of(data))
    assert [(f.code, f.file, f.where, f.message.split(": ")[-1]) for f in said] == [
        ("tiny-object", "a.json", "", "so far"),
        ("not-read-in-full", "1", "", "gone"),
        ("huge-box", "a.json", "", "1"),
        ("not-read-in-full", "a.json", "line 1", "is empty"),
        ("huge-box", ".", "", "end ()"),
    ]


def test_only_applicable_checks_are_started(tmp_path: Path) -> None:
    names = ["area-differs", "class-order", "dangling-image-id", "num-classes", "zero-area"]
    for format_, wanted in (
        ("coco", ["area-differs", "class-order", "num-classes", "zero-area"]),
        ("yolo", ["num-classes", "zero-area"]),
        ("config", ["class-order", "num-classes"]),
    ):
        assert [check.name for check in start(names, data_of(tmp_path, format_))] == wanted


@pytest.mark.parametrize("format_", FORMATS)
def test_each_annotation_file_is_opened_once(
    format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the format has to be found out, and where the files are to be fixed."""
    make(tmp_path / "set", format_)
    opened = Counter[str]()
    real = Root.open

    def counting(root: Root, name: str) -> IO[bytes]:
        opened[name] += 1
        return real(root, name)

    monkeypatch.setattr(Root, "open", counting)
    check(str(tmp_path / "set"))
    lists = ("ImageSets/Main/train.txt", "ImageSets/Main/val.txt")
    once = {name for name in opened if not name.endswith(".jpg") and name not in lists}
    assert {name: opened[name] for name in once} == dict.fromkeys(once, 1)
    assert len(once) >= 2
    opened.clear()
    with planned_fixes(str(tmp_path / "set")):
        pass
    assert {name: opened[name] for name in once} == dict.fromkeys(once, 1)


def test_image_is_opened_lazily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.jpg")
    opened: list[str] = []
    real = Root.open

    def noting(root: Root, name: str) -> IO[bytes]:
        opened.append(name)
        return real(root, name)

    monkeypatch.setattr(Root, "open", noting)
    data = data_of(tmp_path)
    file = data.file(image_of("a.json", "a.jpg"))
    assert opened == []
    assert data.root.image_header("a.jpg").size == (64, 48)
    for _ in range(2):
        assert file.header is not None
        assert data.file(image_of("a.json", "a.jpg")) is file
    assert opened == ["a.jpg"]


def test_names_of_codes_and_groups() -> None:
    assert codes_of("zero-area") == {"zero-area"}
    assert {"zero-area", "outside-image"} < codes_of("boxes")
    assert find_code("zero-area").page.title == "An object without area"
    for wrong, hint in (("zero-aera", "'zero-area'"), ("boxs", "'boxes'"), ("?", "explain")):
        with pytest.raises(UsageError, match=hint):
            codes_of(wrong)
    with pytest.raises(UsageError, match="did you mean"):
        find_code("zero_area")


def test_group_and_code_names_are_disjoint() -> None:
    assert not {code(name).group for name in codes()} & {*codes()}
