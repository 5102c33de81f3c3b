"""The files that cases stand in: how they are read and written."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from casefile import Case, Section
from helpers import snapshot, write
from PIL import Image

TEXT = """Said before.

-- options.toml --
drop = "dog"
-- bad/a b.json: encoding=gb18030 crlf no-newline --
{"label":
 "人"}
-- bad/s/c.txt: base64 --
/w==
-- bad/d.txt --
-- good/d.txt --
-- good_x/d.txt --
d
"""


def case_of(folder: Path, text: str = TEXT) -> Case:
    return Case(write(folder / "boxes" / "a-code.txt", text))


def test_case_round_trips_unchanged(tmp_path: Path) -> None:
    case = case_of(tmp_path)
    assert str(case) == TEXT
    assert (case.group, case.code, case.options) == ("boxes", "a-code", {"drop": "dog"})
    assert (case.trees("bad"), case.trees("good")) == (["bad"], ["good", "good_x"])


def test_files_have_the_bytes_that_are_described(tmp_path: Path) -> None:
    folder = case_of(tmp_path).unpack("bad", tmp_path / "out")
    content = '{"label":\r\n "人"}'.encode("gb18030")
    assert snapshot(folder) == {"a b.json": content, "s/c.txt": b"\xff", "d.txt": b""}
    again = Section.of("bad/a b.json", content, "gb18030")
    assert again == case_of(tmp_path).section("bad/a b.json")
    with pytest.raises(ValueError, match="cannot be written"):
        Section.of("bad/a.json", b"a\r\nb\n", "utf-8")


def test_expectations_are_placed_after_their_tree(tmp_path: Path) -> None:
    for _ in range(2):
        case = case_of(tmp_path)
        case.expect("bad", ["error a"])
        case.expect_files("fixed", snapshot(case.unpack("bad", tmp_path)) | {"d.txt": b"e"})
        case = Case(case.path)
        assert [section.name for section in case.sections][3:7] == [
            "bad/d.txt", "expect bad", "fixed/d.txt", "good/d.txt",
        ]  # fmt: skip
        assert case.expected("bad") == ["error a"]
        assert case.files("fixed")["d.txt"].content == b"e"
        assert case.files("fixed").keys() == case.files("bad").keys()
    case.expect("bad", [])
    assert case.section("expect bad") is None


def test_images_are_drawn(tmp_path: Path) -> None:
    def image(name: str, how: str) -> Image.Image:
        return Image.open(io.BytesIO(Section(f"bad/{name}", f"image {how}").content))

    for name, how, said in (
        ("a.png", "80x60", ("PNG", (80, 60), "RGB")),
        ("a.JPG", "exif=6", ("JPEG", (64, 48), "RGB")),
        ("a.JPG", "as=png palette", ("PNG", (64, 48), "P")),
        ("a.png", "16-bit plain=40000", ("PNG", (64, 48), "I;16")),
    ):
        drawn = image(name, how)
        assert (drawn.format, drawn.size, drawn.mode) == said
    assert image("a.JPG", "exif=6").getexif()[0x0112] == 6
    assert image("a.png", "16-bit plain=40000").getextrema() == (40000, 40000)
    with pytest.raises(OSError, match="truncated"):
        image("a.png", "cut=50").load()
    contents = {image(name, "").tobytes() for name in ("a.png", "b.png", "s/a.png")}
    assert len(contents) == 3
    assert image("a.png", "seed=1").tobytes() == image("b.png", "seed=1").tobytes()


@pytest.mark.parametrize("how", ["image 64", "image gray", "image sed=1", "crfl", "base64 crlf"])
def test_a_word_that_is_not_known_is_refused(how: str) -> None:
    with pytest.raises(ValueError, match="not understood"):
        _ = Section("bad/a.png", how).content


def test_duplicate_section_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="stands there twice"):
        case_of(tmp_path, TEXT + "-- good/d.txt --\n")
