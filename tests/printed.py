"""What may stand in the output of any command."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import msgspec

from dataforge.cli.output import MOST_IN_LINE


def assert_text(
    text: str, *, github: bool = False, diff: bool = False, most: int = 11 * MOST_IN_LINE
) -> None:
    """Nothing in it is obeyed by a terminal or a CI service."""
    text.encode("utf-8")
    for line in text.split("\n"):
        shown = line.replace("\u200c", "").replace("\u200d", "")
        if diff:  # lines may end with CR, too, and have blanks and a mark that are not printable
            shown = re.sub("[\t\u00a0\u3000\ufeff]", "", shown.removesuffix("\r"))
        assert shown.isprintable(), ascii(line)
        assert not re.search(r"##\w*\[", line), line
        if github and line.startswith("::"):
            parts = r"::(error|warning|notice) file=[^:,]*,title=[\w-]+(,(line|col)=\d+)*::.*"
            assert re.fullmatch(parts, line), line
        else:
            assert not line.lstrip().startswith("::"), line
            assert diff or len(line) < most  # escapes are longer than what they stand for


def assert_json(text: str) -> Any:
    """It is ASCII, and every text in it has a place in UTF-8."""
    assert text.isascii()
    assert_text(text, most=sys.maxsize)
    found = json.loads(text)
    json.dumps(found, ensure_ascii=False).encode("utf-8")
    msgspec.json.decode(text)
    return found
