"""Encodings."""

from __future__ import annotations

import pytest

from dataforge.errors import ParseError
from dataforge.io import to_utf8

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
        (LABEL.encode("utf-16-le"), "utf-16-le"),
        ('"plain"'.encode("utf-16-be"), "utf-16-be"),
    ],
)
def test_to_utf8(data: bytes, encoding: str) -> None:
    text = '"plain"' if b"plain" in data.replace(b"\0", b"") else LABEL
    assert to_utf8(data, "a.json") == (text.encode(), encoding)


@pytest.mark.parametrize(
    "data", [b'{"a": 1}\0', b'{"a": 12}\0', b'{"a": 1}\0\0', b'{"a": "' + b"\0" + b"b" * 90]
)
def test_to_utf8_of_a_stray_nul(data: bytes) -> None:
    """It is no sign of UTF-16; the parser says where it is."""
    assert to_utf8(data, "a.json") == (data, "utf-8")


def test_to_utf8_of_binary_data() -> None:
    with pytest.raises(ParseError, match=r"a\.json: is neither UTF-8 nor GB18030"):
        to_utf8(b'{"\xff\xff": 1}', "a.json")
