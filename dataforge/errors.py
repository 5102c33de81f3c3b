"""The exceptions of dataforge: it cannot continue.

    DataforgeError                 exit 3: could not do it
    ├── UsageError                 exit 2: the call itself is wrong (also a ValueError)
    ├── InputError                 exit 3: nothing usable in the input
    │   └── ParseError             a file is not of its format (also a ValueError)
    ├── OutputError                exit 3: cannot write, or would overwrite
    ├── LayoutError                exit 3: the layout of the folder cannot be inferred
    └── MissingDependencyError     exit 3: an optional package is missing (also an ImportError)

Bad *data* is not an exception: readers yield it as `dataforge.records.Finding`, so that one bad
file never stops a run and never goes uncounted. Messages of both kinds use `plural` for counts, and
`did_you_mean` for suggestions.
"""

from __future__ import annotations

from collections.abc import Iterable

_MAX_LETTERS = 1_000_000
"""Pairs of letters that are compared to find a similar name (a tenth of a second)."""


def one_line(text: str) -> str:
    """Text with line ends and control characters, which names may contain, escaped.

    >>> one_line("a\\nb.jpg")
    'a\\\\nb.jpg'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class DataforgeError(Exception):
    """Base of every error that dataforge raises on purpose; the CLI exits with `exit_code`."""

    exit_code = 3


class UsageError(DataforgeError, ValueError):
    """The call is wrong, independent of the data: an unknown name, invalid ratios."""

    exit_code = 2


class InputError(DataforgeError):
    """The input is missing, empty or has nothing usable."""


class ParseError(InputError, ValueError):
    """A file cannot be read as the format it should have.

    Args:
        file: its path as the user knows it.
        where: JSON pointer or line; empty for the whole file.
        message: what is wrong, and what to do about it.
    """

    def __init__(self, file: str, where: str, message: str) -> None:
        super().__init__(file, where, message)
        self.file = file
        self.where = where
        self.message = message

    def __str__(self) -> str:
        place = f"{self.file}::{self.where}" if self.where else self.file
        return one_line(f"{place}: {self.message}")


class OutputError(DataforgeError):
    """The output cannot be written, or would overwrite something; nothing was changed."""


class LayoutError(DataforgeError):
    """A dataset's images, annotations or splits cannot be found in its folder."""


class MissingDependencyError(DataforgeError, ImportError):
    """A package that this command requires is not installed; the message says how to install it."""


def plural(number: int, noun: str) -> str:
    """A number with its noun: ``1 image``, ``2 images``.

    >>> plural(2, "class"), plural(1200, "box"), plural(1, "image")
    ('2 classes', '1,200 boxes', '1 image')
    """
    ending = "es" if noun.endswith(("s", "x")) else "s"
    return f"{number:,} {noun}{ending * (number != 1)}"


def did_you_mean(name: str, names: Iterable[str], otherwise: str = "") -> str:
    """The hint in a message about a name that does not exist.

    Args:
        name: as typed.
        names: those that exist.
        otherwise: the hint if none of them is similar.

    >>> did_you_mean("labelme2cocoo", ["labelme2coco", "voc2coco"])
    "did you mean 'labelme2coco'?"
    >>> did_you_mean("--lable", ["--labels", "--layout"])
    'did you mean --labels?'
    """
    close = closest_name(name, names)
    if close is None:
        return otherwise
    return f"did you mean {close if close.startswith('-') else repr(close)}?"


def closest_name(name: str, names: Iterable[str]) -> str | None:
    """The most similar of the names that exist; None if none is, or if there are too many."""
    from difflib import get_close_matches  # only where something is wrong

    known = list(names)
    if len(name) * sum(map(len, known)) > _MAX_LETTERS:
        return None
    return next(iter(get_close_matches(name, known, n=1)), None)
