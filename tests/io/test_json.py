"""JSON with located errors."""

from __future__ import annotations

import msgspec
import pytest

from dataforge.errors import ParseError
from dataforge.io import decode_json


class Point(msgspec.Struct):
    x: int


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (b'[{"x": 1}, {"x": "1"}]', "$[1].x", 'expected a whole number, got text "1"'),
        (b"[{}]", "$[0]", 'key "x" is missing'),
        (b'[{"x": 1},\n {"x": 2,,}]', "line 2, column 10", "malformed"),
        # the sixth letter of line 2 would have been the next
        (b'[{"x": 1},\n {"x"', "line 2, column 6", "truncated"),
        (b"", "", "is empty"),
        (b" \n", "", "is empty"),
        (b"../real/a.json", "line 1, column 1", "a git symlink checked out as text"),
    ],
)
def test_decode_json_locates_errors(data: bytes, where: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        decode_json(data, list[Point], "a.json")
    assert caught.value.file == "a.json"
    assert caught.value.where == where
    assert said in caught.value.message


def test_decode_json_of_deep_nesting_is_an_error() -> None:
    with pytest.raises(ParseError):
        decode_json(b"[" * 100_000, list[Point], "a.json")
