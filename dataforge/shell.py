"""Commands that a user can copy into a shell, and variables of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from dataforge.errors import one_line

UNPRINTABLE = "(no command can be shown: a path is too long or has special characters; rename it)"
"""What is said in place of a command."""


_LONGEST = 2_000


def command_line(*words: str) -> str:
    r"""A command for sh, bash, zsh and fish; empty if a terminal cannot show it as it is.

    >>> command_line("dataforge", "check", "a b"), command_line("dataforge", "a\nb")
    ("dataforge check 'a b'", '')
    """
    line = " ".join(map(_quoted, words))
    return line if one_line(line) == line and len(line) <= _LONGEST else ""


def path_word(path: str) -> str:
    """A path that no command takes for an option.

    >>> path_word("-x/y"), path_word("x")
    ('./-x/y', 'x')
    """
    return f"./{path}" if path.startswith("-") else path


def _quoted(word: str) -> str:
    r"""A word in quotes if it needs them.

    Backslashes and single quotes stand in double quotes of their own: within single quotes fish
    would escape with a backslash.

    >>> print(_quoted("a/b-1.jpg"), _quoted("$(x) it's"), _quoted("a\\"), _quoted("=ls"))
    a/b-1.jpg '$(x) it'"'"'s' 'a'"\\" '=ls'
    """
    if _PLAIN.fullmatch(word):
        return word
    parts = re.findall(r"[^'\\]+|'|\\", word)
    quoted = {"'": '"\'"', "\\": '"\\\\"'}
    return "".join(quoted.get(part) or f"'{part}'" for part in parts) or "''"


_PLAIN = re.compile(r"[\w./@+-][\w./@+:,%=-]*", re.ASCII)  # zsh expands a leading =, fish %


@contextmanager
def keeping_variables(*names: str) -> Iterator[None]:
    """Variables of this process's environment are afterwards what they were before."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
