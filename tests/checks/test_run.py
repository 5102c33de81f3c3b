"""Running checks: which are started, what they are given, and what becomes of their errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import SQUARE, document, picture, shape, voc_object, voc_xml, write

from dataforge.checks.base import About, Check, Data
from dataforge.checks.files import Document, KeepingRoot
from dataforge.checks.run import Running
from dataforge.checks.table import checks, codes_of, get_check, start
from dataforge.classes.resolver import ClassMap
from dataforge.errors import ParseError, UsageError
from dataforge.io.files import Root
from dataforge.records import Finding, Image


class Tell(Check):
    """Says what it is given."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        yield self.finding(document.name, f"before {image.file_name}")

    def image(self, image: Image) -> Iterator[Finding]:
        yield self.finding(image.source, image.file_name, where=image.where)

    def finish(self) -> Iterator[Finding]:
        yield self.finding(".", "end", severity="note")


class Fail(Check):
    """Fails in each hook, at once or on the way."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        yield self.finding(document.name, str(document.json))

    def image(self, image: Image) -> Iterator[Finding]:
        raise OSError("gone")

    def finish(self) -> Iterator[Finding]:
        raise ParseError("a.json", "line 1", "is empty")


def data_of(folder: Path, format_: str = "labelme") -> Data:
    return Data(KeepingRoot(folder), format_, ClassMap())


def image_of(source: str, name: str) -> Image:
    return Image(file_name=name, width=4, height=4, source=source)


def test_hooks_are_called_in_order(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    running = Running(data, [Tell(About("a-code", "error"), data)])
    images = [image_of("a.json", "1"), image_of("a.json", "2"), image_of("b.json", "3")]
    said = [finding for image in images for finding in running.image(image)] + [*running.finish()]
    assert [(f.file, f.message, f.severity) for f in said] == [
        ("a.json", "before 1", "error"),
        ("a.json", "1", "error"),
        ("a.json", "2", "error"),
        ("b.json", "before 3", "error"),
        ("b.json", "3", "error"),
        (".", "end", "note"),
    ]
    assert {finding.code for finding in said} == {"a-code"}


def test_a_file_that_a_check_cannot_read_is_a_finding(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    running = Running(data, [Fail(About("a-code", "error"), data)])
    said = [*running.image(image_of("a.json", "1")), *running.finish()]
    assert {finding.code for finding in said} == {"not-read-in-full"}
    assert [(f.file, f.where, f.message.split(": ")[1]) for f in said] == [
        ("a.json", "", "cannot be read"),
        ("1", "", "gone"),
        ("a.json", "line 1", "is empty"),
    ]


def test_checks_are_started_that_have_something_to_run_here(tmp_path: Path) -> None:
    data = data_of(tmp_path)
    codes = ["dangling-image-id", "duplicate-image", "zero-area"]
    assert [check.about.code for check in start(codes, data)] == codes[1:]
    assert [check.about.code for check in start(codes, data, images=False)] == codes[2:]


def test_each_file_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "a.jpg")
    write(tmp_path / "a.json", document(shape("cat", SQUARE)))
    opened: list[str] = []
    real = Root.open
    monkeypatch.setattr(Root, "open", lambda self, name: opened.append(name) or real(self, name))
    root = KeepingRoot(tmp_path)
    for _ in range(2):
        assert root.image_size("a.jpg") == (64, 48)
        assert Data(root, "labelme", ClassMap()).file(image_of("a.json", "a.jpg")).header
        assert Document(root, "a.json").json["imagePath"] == "a.jpg"
        root.read_bytes("a.json")
    assert sorted(opened) == ["a.jpg", "a.json"]


def test_a_document_is_parsed_as_what_it_is(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", voc_xml(voc_object("cat", (1, 2, 3, 4))))
    write(tmp_path / "c.json", {"images": [], "annotations": [{"id": 3}], "categories": []})
    write(tmp_path / "l.txt", "cafe\u0301\n".encode("utf-16"))
    write(tmp_path / "x.py", "model = dict(\n")
    root = KeepingRoot(tmp_path)
    assert Document(root, "a.xml").xml.findtext("object/name") == "cat"
    assert [bytes(raw) for raw in Document(root, "c.json").coco.annotations] == [b'{"id": 3}']
    assert Document(root, "l.txt").text == "cafe\u0301\n"
    with pytest.raises(ParseError, match="is not Python") as error:
        _ = Document(root, "x.py").python
    assert error.value.where == "line 1"


def test_names_of_codes_and_groups() -> None:
    assert codes_of("zero-area") == {"zero-area"}
    assert {"zero-area", "outside-image"} < codes_of("boxes")
    assert get_check("zero-area").title == "An object that covers no area"
    for wrong, hint in (("zero-aera", "'zero-area'"), ("boxs", "'boxes'"), ("?", "explain")):
        with pytest.raises(UsageError, match=hint):
            codes_of(wrong)
    with pytest.raises(UsageError, match="did you mean"):
        get_check("zero_area")


def test_no_group_is_called_like_a_code() -> None:
    assert not {row.group for row in checks().values()} & checks().keys()
