"""The ids in a split file, whoever wrote it."""

from __future__ import annotations

import pytest

from dataforge.layouts import Ids, split_ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("a\n\n b \r\nc\t\r\n", ["a", "b", "c"]),
        ("\ufeffa\nb\na\n", ["a", "b"]),
        ("a.jpg\nb.PNG\nc.xml\nd.v2\n", ["a", "b", "c", "d.v2"]),
        ("sub/a.jpg\nsub\\b.jpg\n", ["sub/a", "sub/b"]),
        ("a  1\nb -1\nc  0\n", ["a", "c"]),  # VOC's class files
        ("a,1\nb, 0\nc ,-1\n", ["a", "b"]),
        ("a.jpg,1\n", ["a"]),
        ("'a'\n\"b c\"\n", ["a", "b c"]),
        ("my photo\nmy photo 12\n", ["my photo", "my photo 12"]),
        ("", []),
    ],
)
def test_split_ids(text: str, ids: list[str]) -> None:
    assert split_ids(text) == ids


@pytest.mark.parametrize(
    ("line", "id_"),
    [
        ("a", "a"),
        ("./a", "a"),
        ("JPEGImages/a", "a"),
        ("/home/me/VOC/JPEGImages/sub/a", "sub/a"),  # the longest id that there is
        ("b", None),
        ("a/b", None),
    ],
)
def test_match_id(line: str, id_: str | None) -> None:
    assert Ids({"a": "a", "sub/a": "sub/a"}).match(line) == id_
