"""Bytes in and out: roots, encodings, located errors, atomic writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec
import pytest
from helpers import picture, write

from dataforge.errors import InputError, OutputError, ParseError
from dataforge.io import files as fileio
from dataforge.io.files import Root

# Root ------------------------------------------------------------------------------------------


def test_files_are_sorted_posix_paths_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/2.json", "a.json", "b/c/1.JPG", ".git/x.json", "b/._2.json", "B.txt"):
        write(tmp_path / name)
    assert Root(tmp_path).files() == ["B.txt", "a.json", "b/2.json", "b/c/1.JPG"]


def test_links_to_folders_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    write(tmp_path / "data" / "a.json")
    write(tmp_path / "elsewhere" / "b.json")
    (tmp_path / "data" / "more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "elsewhere" / "up").symlink_to(tmp_path)
    assert Root(tmp_path / "data").files() == ["a.json", "more/b.json"]


def test_folders_that_link_to_each_other_end(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        write(tmp_path / name / f"{name}.json")
        (tmp_path / name / "link").symlink_to(tmp_path / other)
    names = ["a/a.json", "a/link/b.json", "b/b.json", "b/link/a.json"]
    assert Root(tmp_path).files() == names


@pytest.mark.parametrize("name", ["absent", "file.txt"])
def test_a_root_must_be_a_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path / "file.txt")
    with pytest.raises(InputError, match=f"{name}: no such folder"):
        Root(tmp_path / name)


def test_a_remote_root_reads_like_a_local_one() -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe("/set/sub/a.json", b"{}")
    memory.pipe("/set/b.json", b"[]")
    root = Root("memory://set")
    assert root.files() == ["b.json", "sub/a.json"]
    assert root.read_bytes("sub/a.json") == b"{}"
    assert root.exists("b.json")
    assert not root.exists("sub")
    with pytest.raises(ParseError, match="cannot be read"):
        root.read_bytes("c.json")


@pytest.mark.parametrize("scheme", ["", "memory://one-of-many"])
def test_a_json_file_is_its_folder_without_the_others(tmp_path: Path, scheme: str) -> None:
    import fsspec

    folder = scheme or str(tmp_path)
    for name in ("a.json", "b.json", "c/d.json", "a.jpg"):
        if scheme:
            fsspec.filesystem("memory").pipe(f"/one-of-many/{name}", b"{}")
        else:
            write(tmp_path / name, "{}")
    root = Root(f"{folder}/a.json")
    assert root.files() == ["a.jpg", "a.json"]
    assert root.read_bytes("a.json") == b"{}"
    assert root.location == folder


def test_reading_a_file_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(ParseError, match=r"^a\.json: cannot be read: No such file"):
        Root(tmp_path).read_bytes("a.json")


def test_a_huge_text_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fileio, "MAX_TEXT_BYTES", 10)
    write(tmp_path / "a.json", b" " * 11)
    with pytest.raises(ParseError, match="larger than"):
        Root(tmp_path).read_bytes("a.json")


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [(0, (64, 48)), (1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))],
)
def test_image_size_is_of_the_frame_that_a_viewer_shows(
    tmp_path: Path, orientation: int, shown: tuple[int, int]
) -> None:
    picture(tmp_path / "a.jpg", (64, 48), orientation)
    assert Root(tmp_path).image_size("a.jpg") == shown


@pytest.mark.parametrize(
    ("content", "said"), [(b"no image", "not an image"), (b"\xff\xd8\xff\xe0", "image")]
)
def test_image_size_of_no_image(tmp_path: Path, content: bytes, said: str) -> None:
    write(tmp_path / "a.jpg", content)
    with pytest.raises(ParseError, match=rf"^a\.jpg: .*{said}"):
        Root(tmp_path).image_size("a.jpg")


def test_a_decompression_bomb_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fileio, "MAX_IMAGE_PIXELS", 64 * 48 - 1)
    picture(tmp_path / "a.png")
    with pytest.raises(ParseError, match="claims 64x48 pixels"):
        Root(tmp_path).image_size("a.png")


# Names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "reference", "resolved"),
    [
        (".", "a.jpg", "a.jpg"),
        ("x", "a.jpg", "x/a.jpg"),
        ("x/y", "../a.jpg", "x/a.jpg"),
        ("x", "..\\imgs\\a.jpg", "imgs/a.jpg"),
        ("x", "./b/./a.jpg", "x/b/a.jpg"),
        ("x", "b/../../a.jpg", "a.jpg"),
        ("x", "../../a.jpg", None),
        (".", "b/../../b/a.jpg", None),  # leaves, though it comes back
        ("x", "/etc/passwd", None),
        ("x", "\\share\\a.jpg", None),
        ("x", "C:\\a.jpg", None),
        ("x", "C:a.jpg", None),
        ("x", "\\\\server\\share\\a.jpg", None),
        ("x", "a\0.jpg", None),
        ("x", "..", None),  # the root itself is no file
    ],
)
def test_resolve(folder: str, reference: str, resolved: str | None) -> None:
    assert fileio.resolve(folder, reference) == resolved


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b.c.png", "a/b.c"), ("a", "a"), ("a.b/c", "a.b/c"), ("a/.hidden", "a/.hidden")],
)
def test_stem(name: str, stem: str) -> None:
    assert fileio.stem(name) == stem


# Text ------------------------------------------------------------------------------------------

LABEL = '"人物 é"'


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b'"plain"', "utf-8"),
        (LABEL.encode(), "utf-8"),
        (LABEL.encode("utf-8-sig"), "utf-8-sig"),
        (b'\xef\xbb\xbf"plain"', "utf-8-sig"),
        (LABEL.encode("gb18030"), "gb18030"),
        (LABEL.encode("utf-16"), "utf-16"),
    ],
)
def test_to_utf8(data: bytes, encoding: str) -> None:
    text = '"plain"' if b"plain" in data else LABEL
    assert fileio.to_utf8(data, "a.json") == (text.encode(), encoding)


def test_to_utf8_of_no_text() -> None:
    with pytest.raises(ParseError, match=r"a\.json: is neither UTF-8 nor GB18030"):
        fileio.to_utf8(b'{"\xff\xff": 1}', "a.json")


class Point(msgspec.Struct):
    x: int


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (b'[{"x": 1}, {"x": "1"}]', "$[1].x", "want `int`, got `str`"),
        (b"[{}]", "$[0]", "missing required field `x`"),
        (b'[{"x": 1},\n {"x": 2,,}]', "line 2, column 10", "malformed"),
        # the sixth letter of line 2 would have been the next
        (b'[{"x": 1},\n {"x"', "line 2, column 6", "truncated"),
        (b"", "", "is empty"),
        (b" \n", "", "is empty"),
        (b"../real/a.json", "line 1, column 1", "a git link checked out as text"),
    ],
)
def test_decode_json_says_where(data: bytes, where: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        fileio.decode_json(data, list[Point], "a.json")
    assert caught.value.file == "a.json"
    assert caught.value.where == where
    assert said in caught.value.message


def test_decode_json_of_deep_nesting_is_an_error_and_no_crash() -> None:
    with pytest.raises(ParseError):
        fileio.decode_json(b"[" * 100_000, list[Point], "a.json")


# XML -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ('<?xml version="1.0" encoding="gb2312"?>', "gb2312"),
        ('<?xml version="1.0" encoding="GBK"?>\n', "gbk"),
        ("<?xml version='1.0' encoding='big5'?>", "big5"),
        ('<?xml version="1.0" encoding="utf-8"?>', "utf-8"),
        ('<?xml version="1.0" encoding="utf-8"?>', "gb18030"),  # what old Windows tools wrote
        ("", "gb18030"),
        ("", "utf-8"),
        ("", "utf-8-sig"),
    ],
)
def test_parse_xml_reads_encodings(declared: str, encoding: str) -> None:
    data = f"{declared}<a><name>人物</name></a>".encode(encoding)
    assert fileio.parse_xml(data, "a.xml").findtext("name") == "人物"


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (b"<a>\n<b>\n</a>", "line 3", "mismatch"),
        (b"<a>\n<b>", "line 2", "end"),
        (b"", "", "is empty"),
        (b" \n ", "", "is empty"),
        (b"no xml", "line 1", "'<' not found"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "line 1", "klingon"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "/etc/hostname">]><a>&x;</a>', "", "entities"),
    ],
)
def test_parse_xml_says_where(data: bytes, where: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        fileio.parse_xml(data, "a.xml")
    assert (caught.value.file, caught.value.where) == ("a.xml", where)
    assert said.lower() in caught.value.message.lower()


def test_a_dtd_in_another_encoding_expands_nothing() -> None:
    document = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "boo">]><a>&x;</a>'
    try:
        element = fileio.parse_xml(document.encode("utf-16"), "a.xml")
    except ParseError:
        return
    assert "boo" not in "".join(element.itertext())


# Writing ---------------------------------------------------------------------------------------


def test_atomic_write_makes_folders_and_respects_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.json"
    old = os.umask(0o027)
    try:
        fileio.write_text(path, "é\n")
    finally:
        os.umask(old)
    assert path.read_bytes() == b"\xc3\xa9\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == ["a.json"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "old")

    def fail() -> None:
        with fileio.atomic_write(path) as stream:
            stream.write(b"half of the new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.json"]


def test_writing_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    write(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        fileio.write_text(tmp_path / "file" / "a.json", "")


def test_write_json_is_indented_utf8(tmp_path: Path) -> None:
    fileio.write_json(tmp_path / "a.json", {"é": [1]})
    assert (tmp_path / "a.json").read_text("utf-8") == '{\n  "é": [\n    1\n  ]\n}\n'


# TOML ------------------------------------------------------------------------------------------


def test_load_toml(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", "\ufeffperson = ['人']\n")
    assert fileio.load_toml(path) == {"person": ["人"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("a = [", "is not TOML"), (b"a = '\xff'", "is not TOML")],
)
def test_load_toml_names_the_file(tmp_path: Path, content: str | bytes | None, said: str) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        write(path, content)
    with pytest.raises(ParseError, match=said) as caught:
        fileio.load_toml(path)
    assert str(caught.value).startswith(str(path))


def test_what_register_wrote_is_no_part_of_the_dataset(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", "<a/>")
    write(tmp_path / "x_registered" / "dataforge_registration.json", "{}")
    write(tmp_path / "x_registered" / "splits" / "train.txt", "a")
    assert Root(tmp_path).files() == ["a.xml"]
    # Unless it is the very folder that is asked for.
    assert "splits/train.txt" in Root(tmp_path / "x_registered").files()


def test_files_of_the_same_bytes_are_grouped(tmp_path: Path) -> None:
    for name, content in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "x" * 2**21)):
        write(tmp_path / name, content)
    assert fileio.same_bytes(Root(tmp_path), "abcd") == [["a", "c"], ["b"], ["d"]]
    for name, first in (("f", "1"), ("g", "2"), ("h", "1")):  # the same for their last bytes
        write(tmp_path / name, first + "x" * 5000)
    assert fileio.same_bytes(Root(tmp_path), "fgh") == [["f", "h"], ["g"]]
    with pytest.raises(FileNotFoundError):
        fileio.same_bytes(Root(tmp_path), ["e"])
