"""Every code that dataforge can print has a page, and every page is of a code that is printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from casefile import cases
from helpers import REPO

from dataforge.checks import Check, checks
from dataforge.checks.table import check_class
from dataforge.codes import GROUPS, add_page, code, codes
from dataforge.errors import DataforgeError
from dataforge.findings import Drop, Edit, Place
from dataforge.formats import formats

PACKAGE = REPO / "dataforge"

# Words with a hyphen that are no codes.
NOT_CODES = {
    "awning-tricycle",  # a class of VisDrone
    "custom-voc",
    "latin-1",
    "mmcv-full",
    "onedl-mmcv",
    "onedl-mmdetection",
    "onedl-mmengine",
    "parts-1",
    "per-file",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-8",
    "utf-8-sig",
}

PAGE = """---
severity: warning, note
fix: unsafe
---
# A title

## What
Something.
"""


def sources() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text("utf-8"))


def called(tree: ast.AST) -> Iterator[str]:
    """The codes that are asked for by name: ``code("...")``."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="code"), args=[ast.Constant(value=str(name))]):
                yield name


def words(tree: ast.AST) -> Iterator[str]:
    """All texts that look like a code, and those that are given as one."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="code", value=ast.Constant(value=str(word))):
                yield word
            case ast.Constant(value=str(word)) if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", word):
                yield word


def test_every_code_in_the_source_has_a_page() -> None:
    found = {(name, path.name) for path, tree in sources() for name in called(tree)}
    assert found
    assert {(name, path) for name, path in found if name not in codes()} == set()


def test_every_word_that_looks_like_a_code_has_a_page() -> None:
    """A misspelt code may be on its way to ``code()`` in a table."""
    folders = ("checks", "classes", "datasets", "formats", "splits")
    found = {
        (word, path.name)
        for path, tree in sources()
        if path.parent.name in folders or path.parents[1].name in folders
        for word in words(tree)
        if "-" in word and word not in NOT_CODES
    }
    assert {(word, path) for word, path in found if word not in codes()} == set()


def test_every_page_is_of_a_code_that_is_printed() -> None:
    printed = {word for _, tree in sources() for word in words(tree)}
    assert set(codes()) - checks().keys() - printed == set()


@pytest.mark.parametrize("name", codes())
def test_page_is_complete(name: str) -> None:
    found = code(name)
    assert found.group in {*GROUPS, *formats()}
    assert (PACKAGE / "codes" / found.group / f"{name}.md").is_file()
    assert len(found.page.title) <= 97
    assert re.findall(r"^## (.*)$", found.page.body, re.MULTILINE) == [
        "What", "Why", "Example", "Fix",
    ]  # fmt: skip
    assert all(part.strip() for part in re.split(r"^## .*$", found.page.body, flags=re.M)[1:])
    assert bool(found.fix) == ("--fix" in found.page.body.rsplit("## Fix", 1)[1])
    assert len(found.severities) == len(set(found.severities))


def test_every_code_documented_as_fixable_has_edits() -> None:
    """And no other code: a finding with edits whose page says nothing of a fix is refused."""
    with_edits = {case.code for case in cases() if case.trees("fixed")}
    assert with_edits == {name for name in codes() if code(name).fix}
    edit = Edit(Place("a.json"), Drop())
    assert code("zero-area").at(edit.place, "", edits=[edit]).edits == (edit,)
    with pytest.raises(ValueError, match="tiny-object does not say that it can be fixed"):
        code("tiny-object").at(edit.place, "", edits=[edit])


def severities(path: Path, tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(code, severity) of each finding that names its severity."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(args=[ast.Constant(value=name)]))):
                pass  # code("...").at(...)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr="finding")):
                name = path.stem.replace("_", "-")
            case ast.Call(args=[ast.Constant(value=name), *_]):
                pass  # of a function that is given the code
            case _:
                continue
        for given in node.keywords:
            if given.arg == "severity":
                yield from ((str(name), word) for word in words(given.value))


def test_every_severity_that_is_given_is_on_the_page() -> None:
    given = {pair for path, tree in sources() for pair in severities(path, tree)}
    assert ("huge-box", "note") in given
    assert ("class-order", "warning") in given
    assert ("path-leaves-root", "warning") in given
    assert {(name, one) for name, one in given if one not in code(name).severities} == set()
    assert code("tiny-object").at(Place("."), "", severity="warning").severity == "warning"
    with pytest.raises(ValueError, match="tiny-object does not list the severity 'error'"):
        code("tiny-object").at(Place("."), "", severity="error")


@pytest.mark.parametrize(("name", "module"), checks().items(), ids=checks())
def test_check_is_beside_its_page_and_has_a_hook(name: str, module: str) -> None:
    """It is located beside its page and implements a hook."""
    kind = check_class(name)
    assert module == f"dataforge.checks.{code(name).group}.{name.replace('-', '_')}"
    assert kind.__module__ == module
    assert set(kind.formats or ()) <= set(formats())
    hooks = ("image", "finish", "config")
    assert any(getattr(kind, hook) is not getattr(Check, hook) for hook in hooks)


def test_a_page_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dataforge.codes._ADDED", {})
    add_page("of-acme", "acme", PAGE, "acme.of_acme")
    found = code("of-acme")
    assert (found.group, found.severities, found.fix) == ("acme", ("warning", "note"), "unsafe")
    assert (found.page.title, found.page.body) == ("A title", "## What\nSomething.\n")
    assert "of-acme" in codes()
    for taken in ("of-acme", "zero-area"):
        with pytest.raises(DataforgeError, match=f"'{taken}' of acme.* clashes"):
            add_page(taken, "acme", PAGE, "acme.other")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity: warning, note", "severity: fatal"),
        ("severity: warning, note\n", ""),
        ("fix: unsafe", "fix: perhaps"),
        ("fix: unsafe", "fixes: unsafe"),
        ("fix: unsafe", "fix"),
        ("# A title", "A title"),
        ("---\n", ""),
    ],
)
def test_malformed_page_is_refused(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    monkeypatch.setattr("dataforge.codes._ADDED", {})
    with pytest.raises(DataforgeError, match="the page of the code 'of-acme'"):
        add_page("of-acme", "acme", PAGE.replace(old, new), "acme.of_acme")
    assert "of-acme" not in codes()
