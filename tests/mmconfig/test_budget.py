"""What a config builds is counted before it is built: it is unknown, or the config is refused.

What would fill the memory before is among the rows of tests/complexity.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from dataforge.errors import ParseError
from dataforge.mmconfig import UNKNOWN, Config


def read(folder: Path, text: str, **bases: str) -> Config:
    """A config, with bases by name; ``b_yaml`` is the text of b.yaml."""
    for name, content in bases.items():
        (folder / name.replace("_", ".")).write_text(content)
    return Config(ast.parse(text), folder / "config.py")


def last_line(text: str) -> str:
    """The name of a test."""
    return text.splitlines()[-1].strip()[:40]


DOUBLED = "b = (1,)\nfor i in range(60):\n    b = (b, b)\n"
TEXT = "t = 'abcdefgh'\nfor i in range(13):\n    t += t\n"


@pytest.mark.parametrize(
    "text",
    [
        "x = list(range(10**10))",
        "x = range(10**10)",
        "x = 'a' in range(10**10)",
        "x = 'a' * 10**9",
        "x = '%1000000000d' % 1",
        "x = f'{1:>1000000000}'",
        "x = '{:>1000000000}'.format(1)",
        "x = 'a'.ljust(10**9)",
        "x = '1'.zfill(10**9)",
        "x = '\\t'.expandtabs(10**9)",
        "x = 'a'.replace('a', 'b' * 10**9)",
        "x = 10**10**10",
        "x = 1 << 10**9",
        "x = 0x" + "f" * 1000,
        "x = int(1e308)",
        "x = str(10**9999)",
        "x = round(5, -10**10)",
        "x = round(5, ndigits=-10**10)",
        "x = round(ndigits=-10**10, number=5)",
        "x = '" + "a" * 100_001 + "'",
        "x = '" + "{{ fileDirname }}" * 20_000 + "'",
        TEXT + "x = ','.join([t, t])",
        TEXT + "x = f'{t}{t}'",
        TEXT + "x = '{}{}'.format(t, t)",
        TEXT + "x = t.strip(t)",
        TEXT + "x = t in [t, t]",
        DOUBLED + "x = {b: 1}\nb = 0",
        DOUBLED + "x = {b}\nb = 0",
        DOUBLED + "x = dict([(b, 1)])\nb = 0",
        DOUBLED + "x = {}.get(b)\nb = 0",
        DOUBLED + "x = b == (b,)\nb = 0",
        DOUBLED + "x = str(object=b)\nb = 0",
        DOUBLED + "x = __import__(b)\nb = 0",
    ],
    ids=last_line,
)
def test_a_value_that_is_too_large_is_unknown(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text).get("x") is UNKNOWN


def test_a_dict_as_large_as_memory_is_not_copied(tmp_path: Path) -> None:
    text = "import copy\nd = dict(a=1)\nfor i in range(60):\n    d = dict(x=d, y=d)\n"
    assert read(tmp_path, f"{text}x = copy.deepcopy(d)\nd = 0").get("x") is UNKNOWN


FACTS = "f = {str(i): i for i in range(1000)}\n"
LONG = "a = list(range(50000))\nfor i in range(100000):\n    "


@pytest.mark.parametrize(
    "text",
    [
        LONG + "b = list(a)",
        LONG + "b = a[1:]",
        LONG + "b = [*a]",
        LONG + "b = a + a",
        LONG + "b = list(enumerate(a))",
        LONG + "b = list(zip(a, a))",
        LONG + "a.reverse()",
        LONG + "a.insert(0, 1)",
        LONG + "del a[0]",
        LONG + "b = a == [*a]",
        "a = []\nfor i in range(100000):\n    a += [1, 2]",
        "a = ''\nfor i in range(100000):\n    a += 'ab'",
        FACTS + "x = [{**f} for i in range(100000)]",
        FACTS + "x = [dict(**f) for i in range(100000)]",
        FACTS + "x = [f.copy() for i in range(100000)]",
        FACTS + "x = [f.items() for i in range(100000)]",
        FACTS + "d = {}\nfor i in range(100000):\n    d.update(f)",
        "import copy\n" + FACTS + "x = [copy.deepcopy(f) for i in range(100000)]",
        TEXT + "x = [t.split('a') for i in range(100000)]",
        TEXT + "x = [t + 'a' for i in range(100000)]",
        "import os\nx = [os.__file__ for i in range(100000)]",
        "for i in range(100000):\n    " + "a = " * 1000 + "1",
        "for i in range(100000):\n    [" + "a, " * 1000 + "] = 1",
        "for i in range(100000):\n    import " + "a, " * 1000 + "a",
        "for i in range(100000):\n    while x:\n" + "        y = 1\n" * 1000,
        "for i in range(100000):\n    for j in []:\n" + "        y = 1\n" * 1000,
        "for i in range(100000):\n    x = " + "b" * 1000,
        "".join(f"class A{at}:\n    a = 1\n" for at in range(5_000)),
    ],
    ids=last_line,
)
def test_a_config_that_builds_too_much_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="builds more than 1,000,000 values"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        "x = [i * j for i in range(10**5) for j in range(10**5)]",
        "x = [i for i in range(10**5) for j in range(10**5) if 0]",
        "for i in range(10**5):\n    for j in range(10**5):\n        pass",
    ],
    ids=last_line,
)
def test_a_config_that_takes_too_long_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="takes more than 300,000 steps"):
        read(tmp_path, text)


ALIASES = "a0: &a0 [x]\n" + "".join(
    f"a{at + 1}: &a{at + 1} [{', '.join([f'*a{at}'] * 9)}]\n" for at in range(30)
)
MERGED = "a0: &a0 {x: 1}\n" + "".join(
    f"a{at + 1}: &a{at + 1} {{<<: [{', '.join([f'*a{at}'] * 4)}]}}\n" for at in range(30)
)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("b.yaml", ALIASES, "holds more than 100,000 values"),
        ("b.yaml", MERGED, "holds more than 100,000 values"),
        ("b.yaml", "a: &a [*a]", "holds more than 100,000 values"),
        ("b.yaml", f"a: {'1:' * 100_000}1", "a number has 200,001 digits"),
        ("b.yaml", f"a: {'1:' * 100_000}1.0", "a number has 200,003 digits"),
        ("b.yaml", f"a: {'[' * 100_000}", "nest"),
        ("b.yaml", f"a: {'[' * 150}{']' * 150}", "is nested too deeply"),
        ("b.yaml", "a: !!int ''", "not of the type that its tag says"),
        ("b.yaml", "a: " + "{{$a:" * 20_000, "too many templates"),
        ("b.json", '{"a": ' + "[" * 100_000, "maximum recursion depth"),
        ("b.json", '{"a": [' + "1, " * 100_000 + "1]}", "holds more than 100,000 values"),
        ("b.py", "#" * 2**20, "larger than 1 MiB"),
        ("b.py", "a = 1\nfor i in range(500):\n    a = [a]", "is nested too deeply"),
    ],
    ids=last_line,
)
def test_a_base_that_is_too_large_is_refused(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ParseError, match=message):
        read(tmp_path, f"_base_ = {name!r}\n", **{name.replace(".", "_"): f"{text}\n"})


def test_a_template_is_not_repeated_until_the_memory_is_full(tmp_path: Path) -> None:
    inner = "{{_base_.x}}, " * 1000
    with pytest.raises(ParseError, match="holds more than 100,000 values"):
        read(
            tmp_path,
            "_base_ = 'b.json'\n",
            b_json=f'{{"_base_": "a.py", "a": [{inner}1]}}',
            a_py="x = [1] * 1000\n",
        )


CHAIN: dict[str, Any] = {"b0_py": "x = dict(a=1)\n"} | {
    f"b{at}_py": f"_base_ = 'b{at - 1}.py'\nx = dict(p={{{{_base_.x}}}}, q={{{{_base_.x}}}})\n"
    for at in range(1, 19)
}


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("_base_ = 'b18.py'", CHAIN),
        ("_base_ = ['b.py'] * 1000", {"b_py": "x = [[1] * 1000] * 50\n"}),
        ("for i in range(1000):\n    from .b import *", {"b_py": "x = [[1] * 1000] * 50\n"}),
        ("_base_ = 'b.py'\n_base_.m.x = _base_.m", {"b_py": "m = dict(a=1)\n"}),
        (
            "_base_ = 'b.py'\nfor i in range(10000):\n"
            "    _base_.m.update(dict(a=dict(b=[1] * 1000)))",
            {"b_py": "m = dict(a=dict(b=1))\n"},
        ),
        (
            "_base_ = 'b.py'\n"
            + "".join(
                f"_base_.m{at}.x = _base_.m{at - 1}\n_base_.m{at}.y = _base_.m{at - 1}\n"
                for at in range(1, 50)
            )
            + "_base_.m49.update(_base_.m49)",
            {"b_py": "".join(f"m{at} = dict(a=1)\n" for at in range(50))},
        ),
    ],
    ids=["chain", "same", "star", "cycle", "updates", "shared"],
)
def test_bases_are_not_merged_until_the_memory_is_full(
    text: str, bases: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(ParseError, match=r"(holds|builds) more than"):
        read(tmp_path, text, **bases)


def test_a_list_of_lists_is_no_base(tmp_path: Path) -> None:
    config = read(tmp_path, "_base_ = [['b.py']]")
    assert not config.is_complete


def test_an_unset_variable_in_a_json_base_is_a_fault(tmp_path: Path) -> None:
    config = read(tmp_path, "_base_ = 'b.json'", b_json='{"a": "{{$NOT_SET_HERE: }}"}')
    assert [fault.file.name for fault in config.faults] == ["b.json"]
    assert not config.is_complete


def test_a_long_expression_is_not_quoted(tmp_path: Path) -> None:
    config = read(tmp_path, f"x = dict(a='{'b' * 1000}').b\ny = dict(a=1).b")
    assert [fault.message.partition(":")[0] for fault in config.faults] == [
        "... is a plain dict, which has no attributes",
        "dict(a=1) is a plain dict, which has no attributes",
    ]


def test_what_is_small_is_read(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "a = list(range(5))\nb = 'x-y'.split('-')\nc = '{}-{n}'.format(1, n='z')\n"
        "d = dict([(('a', 1), 2)], e=a[1:3])\nf = 'a' in ('a', 'b')\ng = (1, 2) in {(1, 2)}\n"
        "h = [1]\nh += [2]\nh *= 2\ni = round(1.25, ndigits=1)\nj = {k: l for k in ['a', 'b'][:1]"
        " for l in (1, 2) if l > 1}\nm = 2 ** 8\nn = int('12')\no = {'b'} == {'b'}\n",
    )
    assert {key: value for key, value in config.values.items() if len(key) == 1} == {
        "a": [0, 1, 2, 3, 4],
        "b": ["x", "y"],
        "c": "1-z",
        "d": {("a", 1): 2, "e": [1, 2]},
        "f": True,
        "g": True,
        "h": [1, 2, 1, 2],
        "i": 1.2,
        "j": {"a": 2},
        "m": 256,
        "n": 12,
        "o": True,
    }
