"""The text of an annotation file: what changes in it, and what stays."""

from __future__ import annotations

import json
from itertools import pairwise, permutations

import pytest

from dataforge.errors import ParseError
from dataforge.formats import Text, applied
from dataforge.formats.decimals import exact, plain


@pytest.mark.parametrize(
    "written", ["nan", "-inf", "1e-99999999999999999999", "1e99999999999999999999", "1e-500", "x"]
)
def test_absurd_numbers_are_not_edited(written: str) -> None:
    with pytest.raises(ValueError, match=r"no number|beyond all numbers"):
        exact(written)


def test_numbers_keep_their_notation() -> None:
    assert [plain(exact(written)) for written in ("0.10", "-0.0", "1e2", "3e-9", "9" * 40)] == [
        "0.1", "0", "100", "0.000000003", "9" * 40,
    ]  # fmt: skip


def text_of(name: str, content: str | bytes) -> Text:
    return Text(name, content.encode() if isinstance(content, str) else content)


def taken_out(whole: str, *indices: int) -> str:
    """JSON without these elements of ``a``, taken out in this order."""
    text = text_of("a.json", whole)
    changes = sorted(change for index in indices for change in text.json.taken_out(("a", index)))
    assert all(one[1] <= other[0] < other[1] for one, other in pairwise(changes))
    return applied(text.text, changes)


def test_inserted_members_match_surrounding_style() -> None:
    for before, after in (
        ("{}", '{"a": 1}'),
        ('{"x":2}', '{"x":2,"a":1}'),
        ('{"x": 2}', '{"x": 2, "a": 1}'),
        ('{\n  "x": [1, 2]\n}', '{\n  "x": [1, 2],\n  "a": 1\n}'),
        ('{"y" :{"a": 0},"x" :2 }', '{"y" :{"a": 0},"x" :2,"a" :1 }'),
        ('{"a": 0, "b": 0}', '{"a": 1, "b": 0}'),
        ('{"a": 0, "a": 0}', '{"a": 0, "a": 1}'),
    ):
        text = text_of("a.json", before)
        assert applied(text.text, text.json.put((), {"a": "1"})) == after


def test_elements_are_removed_with_their_commas() -> None:
    whole = '{"a": [\n {"b": "],"},\n {},\n 3 ]}'
    gone = [taken_out(whole, index) for index in range(3)]
    assert gone == [
        '{"a": [\n {},\n 3 ]}',
        '{"a": [\n {"b": "],"},\n 3 ]}',
        '{"a": [\n {"b": "],"},\n {} ]}',
    ]
    assert taken_out('{"a": [ 3 ]}', 0) == '{"a": []}'


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_any_elements_are_removed_in_any_order(number: int) -> None:
    whole = '{"a": [ {"x": 1} ,\n  2,3,[4, "]"] ]}'
    for indices in permutations(range(4), number):
        left = [value for at, value in enumerate([{"x": 1}, 2, 3, [4, "]"]]) if at not in indices]
        assert json.loads(taken_out(whole, *indices)) == {"a": left}


def test_malformed_json_or_xml_is_located() -> None:
    for broken in ("{", '{"a" 1}', "{'a': 1}", '{"a": 1,}', '{"a": [1 2]}', '{"a": [1,]}', '{"a"'):
        text = text_of("a.json", broken)
        with pytest.raises(ParseError, match="malformed JSON"):
            text.json.put((), {"b": "1"})
    with pytest.raises(ParseError, match=r"a\.xml:2: malformed XML"):
        _ = text_of("a.xml", "<a>\n<b></a>").xml
    with pytest.raises(ParseError, match="entities"):
        _ = text_of("a.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').xml
    with pytest.raises(ParseError, match="encoding"):
        _ = text_of("a.txt", b"\xff").text
