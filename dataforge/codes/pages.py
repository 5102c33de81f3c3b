"""The form of a code's page: front matter, a title, and what `dataforge explain` prints."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from dataforge.findings import Severity

_PAGE = re.compile(r"---\n(?P<front>.*?)---\n+# (?P<title>[^\n]+)\n(?P<body>.*)", re.DOTALL)


class FrontMatter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the program knows about a code; see `dataforge.codes`."""

    severity: tuple[Severity, ...]
    fix: Literal["", "safe", "unsafe"] = ""
    opens: Literal["", "images", "pixels"] = ""
    once: Literal["", "yes"] = ""


class Page(msgspec.Struct, frozen=True):
    """The text of a code's page.

    Attributes:
        title: what is wrong, in one line.
        body: Markdown, with the headings What, Why, Example and Fix.
    """

    title: str
    body: str

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.body}"


def parse_page(text: str) -> tuple[FrontMatter, Page]:
    """Parse a page.

    Raises:
        ValueError: it does not have this form.
    """
    found = _PAGE.fullmatch(text)
    if not found:
        raise ValueError("expected front matter between --- lines, then # and a title")
    pairs = dict(line.split(": ", 1) for line in found["front"].splitlines())
    raw = {**pairs, "severity": tuple(pairs.get("severity", "").split(", "))}
    front = msgspec.convert(raw, FrontMatter)
    return front, Page(found["title"].strip(), found["body"].strip() + "\n")
