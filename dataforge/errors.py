"""The exceptions of dataforge, for what cannot go on.

    DataforgeError                 exit 3: could not do it
    ├── UsageError                 exit 2: the call itself is wrong (also a ValueError)
    ├── InputError                 exit 3: nothing usable in the input
    │   └── ParseError             a file that is not what it should be (also a ValueError)
    ├── OutputError                exit 3: refuses to write, or cannot
    ├── LayoutError                exit 3: the folder does not answer where things are
    └── MissingDependencyError     exit 3: an optional package is missing (also an ImportError)

Bad *data* is not an exception: readers yield it as `dataforge.records.Finding`, so that one bad
file never stops a run and never goes uncounted. `plural` is how all messages, of both kinds, count.
"""

from __future__ import annotations


class DataforgeError(Exception):
    """Base of every error that dataforge raises on purpose; `exit_code` is the CLI's."""

    exit_code = 3


class UsageError(DataforgeError, ValueError):
    """The call is wrong, whatever the data: an unknown name, ratios that do not add up."""

    exit_code = 2


class InputError(DataforgeError):
    """The input is missing, empty or holds nothing that can be used."""


class ParseError(InputError, ValueError):
    """A file cannot be read as what it should be.

    Args:
        file: path of the file, as a person would name it.
        where: JSON pointer, line or empty.
        message: what is wrong, and what to do about it.
    """

    def __init__(self, file: str, where: str, message: str) -> None:
        super().__init__(file, where, message)
        self.file = file
        self.where = where
        self.message = message

    def __str__(self) -> str:
        place = f"{self.file}::{self.where}" if self.where else self.file
        return f"{place}: {self.message}"


class OutputError(DataforgeError):
    """Something stands in the way of the output, and it was left as it is."""


class LayoutError(DataforgeError):
    """A dataset's folder does not answer where its images, annotations or splits are."""


class MissingDependencyError(DataforgeError, ImportError):
    """A package that this one command needs is not installed; the text says how to get it."""


def plural(number: int, noun: str) -> str:
    """A number with its noun, as messages say it: ``1 image``, ``2 images``.

    >>> plural(2, "class"), plural(1200, "box"), plural(1, "image")
    ('2 classes', '1,200 boxes', '1 image')
    """
    ending = "es" if noun.endswith(("s", "x")) else "s"
    return f"{number:,} {noun}{ending * (number != 1)}"
