"""Docstrings as mkdocstrings is to read them: examples at a prompt are code, of which Markdown
would make quotations."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"(?:^>>>.*\n?(?:^(?!>>>)\S.*\n?|^\.\.\..*\n?)*)+", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Puts examples into blocks of code."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            text = re.sub(r"::\n\n(?= {4})", ":\n\n", obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub(lambda one: _fenced(one[0]), text)


def _fenced(example: str) -> str:
    return f"```pycon\n{example.rstrip()}\n```\n"
