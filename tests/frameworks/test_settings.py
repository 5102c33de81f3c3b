"""``--set`` as text, and as values that can stand in a config."""

from __future__ import annotations

from typing import Any

import pytest

from dataforge.errors import UsageError
from dataforge.frameworks.settings import is_plain, parse_settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("True", True),
        ("true", True),  # JSON
        ("null", None),
        ("None", None),
        ("on_input", "on_input"),  # a shell has taken the quotes away
        ("'on_input'", "on_input"),
        ("(0, 1, 2)", (0, 1, 2)),
        (" [4, 8] ", [4, 8]),
        ("{'type': 'GN', 'num_groups': 16}", {"type": "GN", "num_groups": 16}),
        ('{"type": "BN", "requires_grad": false}', {"type": "BN", "requires_grad": False}),
        ("[dict]", None),
        ("a=b", None),
        ("", None),
        ("1e999", None),  # infinite
        ("1j", None),
        ("{1, 2}", None),
        ("b'x'", None),
        ("{'a b': 1}", None),
        ("{'class': 1}", None),  # no keyword of `dict`
        ("{1: 2}", None),
        ("'it''s'", "its"),
        ('"it\'s"', None),
        ("'{{x}}'", None),
        ("__import__('os')", None),
        ("[" * 5000, None),
        ("9" * 20000, None),
    ],
)
def test_values(text: str, value: Any) -> None:
    if value is None and text not in {"None", "null"}:
        with pytest.raises(UsageError, match=r"--set neck\.x=.*must be a number, a word, True"):
            parse_settings([f"neck.x={text}"])
    else:
        parsed = parse_settings([f"neck.x={text}"])
        assert parsed == {"neck.x": value}
        assert type(parsed["neck.x"]) is type(value)
        assert is_plain(value)


@pytest.mark.parametrize("text", ["neck", "neck=1", "=1", "neck.=1", "a.b.c=1", "neck x.y=1", ""])
def test_what_is_no_setting(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected PART\.ARGUMENT=VALUE"):
        parse_settings([text])


def test_given_twice() -> None:
    with pytest.raises(UsageError, match=r"neck\.num_outs: given twice"):
        parse_settings(["neck.num_outs=5", "neck.num_outs = 5"])
