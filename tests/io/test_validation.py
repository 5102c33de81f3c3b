"""msgspec's errors in the words of whoever writes the file."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import msgspec
import pytest

from dataforge.errors import UsageError
from dataforge.io import decode_json, explain_validation, split_pointer


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    a: int


class Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    whole: int | None = None
    number: float | int = 0
    pair: tuple[int, int] = (1, 2)
    one_of: Literal["a", "b"] = "a"
    many: Annotated[list[int], msgspec.Meta(min_length=2)] = []
    positive: Annotated[int, msgspec.Meta(gt=0)] = 1
    flag: bool = False
    names: dict[str, list[str]] = {}
    inner: list[Inner] = []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"whole": "abc"}, 'whole: expected a whole number or null, got text "abc"'),
        ({"whole": 1.5}, "whole: expected a whole number or null, got 1.5"),
        ({"whole": True}, "whole: expected a whole number or null, got true"),
        (
            {"whole": datetime.date(2020, 1, 1)},
            "whole: expected a whole number or null, got a date",
        ),
        ({"number": [1]}, "number: expected a number, got a list"),
        ({"number": "x" * 50}, f'number: expected a number, got text "{"x" * 37}..."'),
        ({"pair": [1, 2, 3]}, "pair: expected a list of length 2, got 3"),
        ({"one-of": "c"}, "one-of: invalid value 'c'"),
        ({"one-of": 3}, "one-of: expected text, got 3"),
        ({"many": [1]}, "many: expected a list of length >= 2, got 1"),
        ({"positive": -1}, "positive: expected a whole number >= 1, got -1"),
        ({"flag": "yes"}, 'flag: expected true/false, got text "yes"'),
        ({"names": {"a": ["b"], "c": "d"}}, 'names.c: expected a list, got text "d"'),
        ({"names": {"a b": {}}}, 'names["a b"]: expected a list, got an object'),
        ({"names": {"a": ["b"], "c": [None]}}, "names.c[0]: expected text, got null"),
        ({"names": {1: ["b"]}}, "names: invalid key: expected text, got a whole number"),
        ({"inner": [{"a": 1}, {}]}, 'inner[1]: key "a" is missing'),
        ({"inner": [{"a": 1, "b": 2}]}, 'inner[0]: unknown key "b"'),
        ({"other": 1}, 'unknown key "other"'),
        ([], "expected an object, got a list"),
    ],
)
def test_table_errors_are_explained(content: Any, said: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(content, Table)
    assert explain_validation(caught.value, content) == said
    # Without the content the types are named, in the same words.
    assert not set(explain_validation(caught.value)) & {"`", "$"}


def test_the_place_in_json_is_a_pointer() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert({"names": {"a": [1]}}, Table)
    assert split_pointer(caught.value) == (
        "expected text, got a whole number",
        "$.names[...][0]",
    )
    assert split_pointer(caught.value, {"names": {"a": [1]}}) == (
        "expected text, got 1",
        "$.names.a[0]",
    )


def test_number_beyond_64_bits_does_not_hide_the_error() -> None:
    with pytest.raises(ValueError, match='expected a whole number, got text "x"'):
        decode_json(b'[{"a": "x", "b": %s}]' % (b"9" * 400), list[Inner], "a.json")


def test_option_is_named_as_typed() -> None:
    from dataforge.formats.coco import Options
    from dataforge.io import convert_options

    with pytest.raises(UsageError, match=r'^--find-images: expected true/false, got text "maybe"$'):
        convert_options(Options, {"find_images": "maybe"}, "where coco is read")
