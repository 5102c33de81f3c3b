"""Names of files and the references to them."""

from __future__ import annotations

import pytest

from dataforge.io import resolve, stem


@pytest.mark.parametrize(
    ("folder", "reference", "resolved"),
    [
        (".", "a.jpg", "a.jpg"),
        ("x", "a.jpg", "x/a.jpg"),
        ("x/y", "../a.jpg", "x/a.jpg"),
        ("x", "..\\imgs\\a.jpg", "imgs/a.jpg"),
        ("x", "./b/./a.jpg", "x/b/a.jpg"),
        ("x", "b/../../a.jpg", "a.jpg"),
        ("x", "../../a.jpg", None),
        (".", "b/../../b/a.jpg", None),  # leaves, though it comes back
        ("x", "/etc/passwd", None),
        ("x", "\\share\\a.jpg", None),
        ("x", "C:\\a.jpg", None),
        ("x", "C:a.jpg", None),
        ("x", "\\\\server\\share\\a.jpg", None),
        ("x", "a\0.jpg", None),
        ("x", "..", None),  # the root itself is no file
    ],
)
def test_resolve(folder: str, reference: str, resolved: str | None) -> None:
    assert resolve(folder, reference) == resolved


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b.c.png", "a/b.c"), ("a", "a"), ("a.b/c", "a.b/c"), ("a/.hidden", "a/.hidden")],
)
def test_stem(name: str, expected: str) -> None:
    assert stem(name) == expected
