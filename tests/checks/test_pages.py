"""Every code that dataforge can print has a page, and the table and the files agree."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from helpers import REPO

from dataforge.check import CONFIG
from dataforge.checks.base import Check
from dataforge.checks.table import GROUPS, Row, checks
from dataforge.formats.table import formats

PACKAGE = REPO / "dataforge"

# Literals that look like a code, and are none.
NOT_CODES = {
    "custom-voc",
    "latin-1",
    "mmcv-full",
    "onedl-mmcv",
    "onedl-mmdetection",
    "onedl-mmengine",
    "per-file",
    "utf-16",
    "utf-16-be",
    "utf-16-le",
    "utf-8",
    "utf-8-sig",
}

# Codes that are one word and given by place.
UNSEEN = {"backslashes", "nan"}


def printed() -> set[str]:
    """Codes in the source: what is given as ``code=``, and all words with a hyphen."""
    found: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        # The table lists all codes; the command line has other words with hyphens.
        if path.parent.name != "cli" and path != PACKAGE / "checks" / "_table.py":
            found |= set(literals(ast.parse(path.read_text("utf-8"))))
    return (found | UNSEEN) - NOT_CODES


def literals(tree: ast.AST) -> Iterator[str]:
    """Of one file."""
    for node in ast.walk(tree):
        given = node.value if isinstance(node, ast.keyword) and node.arg == "code" else None
        if isinstance(given, ast.Constant):
            yield given.value
        word = str(node.value) if isinstance(node, ast.Constant) else ""
        if re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", word):
            yield word


def test_every_code_that_is_printed_has_a_page() -> None:
    assert printed() - checks().keys() == set()


def test_every_page_is_of_a_code_that_is_printed() -> None:
    runs = {row.code for row in checks().values() if hasattr(row.load(), "Check")}
    assert checks().keys() - runs - printed() == set()


def test_every_file_has_its_row() -> None:
    files = {path.stem for path in (PACKAGE / "checks").glob("[!_]*.py")}
    assert files == {row.module.rsplit(".", 1)[1] for row in checks().values()}


@pytest.mark.parametrize("row", checks().values(), ids=checks())
def test_the_page_and_what_the_module_says(row: Row) -> None:
    assert row.group in GROUPS
    title, *rest = row.page.split("\n")
    assert title.endswith(".")
    assert len(title) <= 97
    heads = [found[1] for line in rest if (found := re.match(r"(What|Why|Example|Fix):", line))]
    assert heads == ["What", "Why", "Example", "Fix"]
    module = row.load()
    assert module.SEVERITY in ("error", "warning", "note")
    assert row.fix in ("", "safe", "unsafe")
    assert bool(row.fix) == ("--fix" in row.page.rsplit("\nFix:", 1)[1])
    assert set(getattr(module, "FORMATS", ())) <= formats().keys() | {CONFIG}
    assert isinstance(getattr(module, "IMAGES", False), bool)
    assert isinstance(getattr(module, "PIXELS", False), bool)
    if hasattr(module, "Check"):
        assert issubclass(module.Check, Check)
        hooks = ("document", "image", "finish", "config")
        assert any(getattr(module.Check, name) is not getattr(Check, name) for name in hooks)
