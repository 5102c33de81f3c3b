"""The exceptions of dataforge: it cannot continue.

    DataforgeError                 exit 3: could not do it
    ├── UsageError                 exit 2: the call itself is wrong (also a ValueError)
    ├── InputError                 exit 3: nothing usable in the input
    │   ├── OptionNeededError      an option has to say how it is read
    │   └── ParseError             a file is not of its format (also a ValueError)
    ├── OutputError                exit 3: cannot write, or would overwrite
    ├── LayoutError                exit 3: the layout of the folder cannot be inferred
    └── MissingDependencyError     exit 3: an optional package is missing (also an ImportError)

Bad *data* is not an exception: readers yield it as `dataforge.records.Finding`, so that one bad
file never stops a run and never goes uncounted. Messages of both kinds use `plural` for counts, and
`did_you_mean` for suggestions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MAX_LETTERS = 1_000_000
"""Pairs of letters that are compared to find a similar name (a tenth of a second)."""


def one_line(text: str) -> str:
    r"""Text as one line that a terminal or the log of a CI service shows and does not obey.

    Escaped are line ends, control characters, marks that change the direction of writing, bytes
    that are not UTF-8, and what makes a command of GitHub (``::``), Azure (``##vso[``) or TeamCity
    (``##teamcity[``). Letters of all scripts stay, with the joiners that some of them need.

    >>> print(one_line("a\nb.jpg"), one_line("\u202egpj"), one_line("\udce9"), one_line("صورة"))
    a\nb.jpg \u202egpj \udce9 صورة
    >>> print(one_line(" ::stop-commands::x"), one_line("a ##vso[x]"), one_line("a.json::$.x"))
     \x3a:stop-commands::x a #\x23vso[x] a.json::$.x
    """
    if not text.isprintable():
        text = _NOT_ASCII.sub(_escaped, text)
    if "://" in text:
        text = masked(text)
    if "##" in text or "::" in text:
        text = _CI_COMMAND.sub(lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):x}", text)
    return text


def masked(text: str) -> str:
    """Text with URLs whose credentials are left out.

    >>> masked("http://me:secret@host/a?X-Amz-Signature=1f&x=1 does not exist")
    'http://***@host/a?X-Amz-Signature=***&x=1 does not exist'
    """
    return _SECRET.sub(r"\1***", _USER.sub(r"\1***@", text))


_NOT_ASCII = re.compile(r"[^ -~]")
_USER = re.compile(r"(\w://)[^\s/@]+@")
_SECRET = re.compile(
    r"([?&][\w.-]*(?:signature|credential|token|secret|password|key|sig)=)[^\s&]+", re.IGNORECASE
)
_CI_COMMAND = re.compile(r"^ *:(?=:)|##(?=\w*\[)")
_JOINERS = "\u200c\u200d"  # in Persian and Indic words, and in emoji


def _escaped(found: re.Match[str]) -> str:
    character, before = found[0], found.string[max(found.start() - 1, 0) : found.start()]
    if character.isprintable() or (
        character in _JOINERS and before > "\x7f" and before.isprintable()
    ):
        return character
    return character.encode("unicode_escape").decode()


MOST_SHOWN = 500
"""Characters of a name or a message that are shown."""


MOST_NAMED = 5
"""Names that a message lists."""


def shortened(text: str, most: int = MOST_SHOWN) -> str:
    """Text of at most about `most` characters: the middle of a longer one is left out, and counted.

    >>> shortened("x" * 1000 + "yz.jpg", 20)
    'xxxxxxxxxxxxxxx ... (986 more characters) ... z.jpg'
    """
    if len(text) <= most:
        return text
    end = most // 4
    start = most - end
    return f"{text[:start]} ... ({len(text) - most:,} more characters) ... {text[-end:]}"


def first_of(names: Iterable[str], most: int = MOST_NAMED) -> str:
    """The first of some names, and whether there are more.

    >>> first_of(["a", "b", "c"], 2)
    'a, b, ...'
    """
    names = [*names]
    return ", ".join(names[:most]) + ", ..." * (len(names) > most)


class DataforgeError(Exception):
    """Base of every error that dataforge raises on purpose; the CLI exits with `exit_code`."""

    exit_code = 3


class UsageError(DataforgeError, ValueError):
    """The call is wrong, independent of the data: an unknown name, invalid ratios."""

    exit_code = 2


class InputError(DataforgeError):
    """The input is missing, empty or has nothing usable."""


class OptionNeededError(InputError):
    """An option of the reader has to say what is meant.

    Args:
        message: why, and which option.
        option: field of the reader's options.
        values: that it may have, at least one.
    """

    def __init__(self, message: str, option: str, values: Sequence[str]) -> None:
        super().__init__(message, option, values)
        self.message = message
        self.option = option
        self.values = values

    def __str__(self) -> str:
        return self.message


class ParseError(InputError, ValueError):
    """A file cannot be read as the format it should have.

    Args:
        file: its path as the user knows it.
        where: JSON pointer, ``line 3`` or ``line 3, column 5``; empty for the whole file.
        message: what is wrong, and what to do about it.
    """

    def __init__(self, file: str, where: str, message: str) -> None:
        super().__init__(file, where, message)
        self.file = file
        self.where = where
        self.message = message

    def __str__(self) -> str:
        place = f"::{shortened(self.where)}" if self.where else ""
        if any(self.line_and_column):  # as terminals and editors open it
            place = "".join(f":{number}" for number in self.line_and_column if number)
        return one_line(f"{shortened(self.file)}{place}: {shortened(self.message)}")

    @property
    def line_and_column(self) -> tuple[int, int]:
        """Counted from 1; 0 if unknown."""
        found = _LINE.fullmatch(self.where)
        return (int(found[1]), int(found[2] or 0)) if found else (0, 0)


_LINE = re.compile(r"line (\d+)(?:, column (\d+))?")


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

    known = {one.lstrip("-"): one for one in names}  # dashes make no options alike
    if len(name) * sum(map(len, known)) > _MAX_LETTERS:
        return None
    return next((known[one] for one in get_close_matches(name.lstrip("-"), known, n=1)), None)
