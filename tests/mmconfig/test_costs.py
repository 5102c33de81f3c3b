"""A config that builds without end is refused or unknown, and takes little memory."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from helpers import write

from dataforge.errors import ParseError
from dataforge.mmconfig.budget import MAX_BYTES
from dataforge.mmconfig.files import module_values, syntax_tree
from dataforge.mmconfig.values import UNKNOWN


@pytest.mark.parametrize("text", [
    "a = [1]\n" + "a = [*a, *a]\n" * 40,
    "a = (1,)\n" + "a = (*a, *a)\n" * 40,
    "import os.path\na = 'a'\n" + "a = os.path.join(a, a)\n" * 40,
    "b = list(range(99999))\na = [list(b) for i in range(90000)]\n",
    "b = list(range(99999))\n" + "a = list(zip(b, b))\n" * 300,
])  # fmt: skip
def test_building_without_end_takes_little_memory(tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "config.py", text)
    tracemalloc.start()
    try:
        with suppress(ParseError):
            assert module_values(file)["a"] is UNKNOWN
        assert tracemalloc.get_traced_memory()[1] < 300 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("call", ["list", "tuple", "enumerate", "reversed", "zip"])
def test_a_long_range_is_not_written_out(tmp_path: Path, call: str) -> None:
    file = write(tmp_path / "config.py", f"a = {call}(range(10**7))\n")
    assert module_values(file)["a"] is UNKNOWN


@pytest.mark.parametrize(("text", "reason"), [
    ("a = 1\n" * (MAX_BYTES // 6 + 1), "larger than"),
    ("a = " + "-" * 50_000 + "1\n", "nested too deeply"),
])  # fmt: skip
def test_a_tree_that_is_too_large_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ParseError, match=reason):
        syntax_tree(write(tmp_path / "config.py", text))
