"""Templates: nothing undefined, and nothing that a name can break."""

from __future__ import annotations

import ast
from typing import Any

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataforge.frameworks.render import comment, import_line, literal, render
from dataforge.io.packaged import asset


class Named:
    def __init__(self, name: str) -> None:
        self.name = name


AWKWARD = [
    'three """ quotes',
    "three ''' quotes",
    "ends in a backslash \\",
    'ends in a quote"',
    "two\nlines",
    "carriage\rreturn",
    "a form feed \f, a line separator \u2028, a nul \0",
    "\\N{BULLET} \\u12 \\x",
    "{{ dataset }} {% raw %} {# no #}",
    "right-to-left \u202e override",
    "人物",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_name_cannot_break_out_of_its_docstring(name: str) -> None:
    text = render("shared/package.py.j2", dataset=Named(name))
    (statement,) = ast.parse(text).body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    assert text.count("\n") == 1


@given(st.text())
def test_comment_is_one_harmless_line(name: str) -> None:
    text = comment(name)
    assert not set(text) & set("\"'\\\n\r\f\v\x1c\x85\u2028\u2029\0")
    assert text == text.strip()
    assert ast.dump(ast.parse(f"# {text}\nx = 1")) == ast.dump(ast.parse("x = 1"))


@pytest.mark.parametrize(
    ("name", "shown"), [("Human Parts", "Human Parts"), ("a\n 'b'", "a b"), ("人 物", "人 物")]
)
def test_comment(name: str, shown: str) -> None:
    assert comment(name) == shown


names = st.text(max_size=30)
values = st.one_of(
    st.lists(names, max_size=30).map(tuple),
    st.lists(names, max_size=30),
    st.dictionaries(names, names, max_size=20),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=30),
)


@given(values, st.sampled_from([0, 8, 40]))
def test_literal_is_the_value(value: Any, indent: int) -> None:
    statement = f"{' ' * (indent - 4)}x = {literal(value, indent)}" if indent else literal(value)
    assert ast.literal_eval(statement.strip().removeprefix("x = ")) == value


def test_literal_keeps_the_order_and_breaks_long_lines() -> None:
    value = {f"spelling {n}": f"class {n}" for n in range(30, 0, -1)}
    text = literal(value, 8)
    assert list(ast.literal_eval(text)) == list(value)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert all(line.startswith(" " * 9) for line in lines[1:])  # inside the brace at column 8
    assert literal(("face", "person")) == "('face', 'person')"
    assert literal(("face",)) == "('face',)"  # ('face') would be a str: mmdet reads that as a file


@given(st.text("abcXYZ_", min_size=1, max_size=120), st.integers(0, 120))
def test_import_of_long_names_is_python(module: str, length: int) -> None:
    names = ["A" * length + "Net", "B" * length + "NetFPN"]
    (statement,) = ast.parse(import_line(f"{module}.mmdet3", names)).body
    assert isinstance(statement, ast.ImportFrom)
    assert statement.module == f"{module}.mmdet3"
    assert [alias.name for alias in statement.names] == names


def test_undefined_template_variable_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'dataset' is undefined"):
        render("shared/package.py.j2")
    with pytest.raises(jinja2.UndefinedError, match="name"):
        render("shared/package.py.j2", dataset=object())


TEMPLATES = [
    f"{folder.name}/{entry.name}"
    for folder in asset("templates").iterdir()
    for entry in folder.iterdir()
    if entry.suffix == ".j2"
]


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_every_template_requires_its_variables(name: str) -> None:
    with pytest.raises(jinja2.UndefinedError):
        render(name)
