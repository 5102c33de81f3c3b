"""Class names with extra spaces or unusual characters: the code ``untidy-label``.

Most of them can be fixed as soon as they are found: `dataforge.classes` ignores spaces around a
name and composes characters. Full-width letters are different: whether another class already has
the fixed name is known only when all names have been seen, so these wait as evidence.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dataforge.codes import code
from dataforge.findings import Edit, Finding, Place, Set
from dataforge.formats.base import Evidence, Found

if TYPE_CHECKING:
    from dataforge.classes import Resolver

UNTIDY_LABEL = "untidy-label"
"""The code, and the kind of evidence of names that wait; `_NAMES` is the other kind."""

_NAMES = "names"
_FULL_WIDTH = {letter + 0xFEE0: letter for letter in range(0x21, 0x7F)} | {0x3000: 0x20}


def tidied(name: str) -> str:
    """The name stripped, composed (NFC), and with ASCII instead of full-width letters.

    >>> tidied(" ｃａｔ")
    'cat'
    """
    return unicodedata.normalize("NFC", name.translate(_FULL_WIDTH).strip())


class UntidyLabels:
    """Finds the untidy names of one dataset, for a strict reader.

    Args:
        resolver: decides which names mean the same class.
        step: leads from the place of an object or class to that of its name, such as ``.label``.
        declared: whether a file lists classes, so that two of its names must stay different.
    """

    def __init__(self, resolver: Resolver, step: str = "", *, declared: bool = False) -> None:
        self._resolver = resolver
        self._step = step
        self._declared = declared

    def in_file(
        self, names: Sequence[str], place_of: Callable[[int], Place]
    ) -> Iterator[Finding | Evidence]:
        """The findings on a file that are certain now, and evidence for `finish`.

        Args:
            names: all names as written, including tidy ones.
            place_of: index in `names` -> place of the object or class, which is that of the edit;
                called only for untidy names.
        """
        tidy = {name: tidied(name) for name in names}
        readings = {_read(name) for name, new in tidy.items() if new}
        if readings:
            yield Evidence(_NAMES, sorted(readings))
        if all(new in ("", name) for name, new in tidy.items()):
            return
        spellings = Counter(tidy.values())
        for at, name in enumerate(names):
            new = tidy[name]
            if new in ("", name):
                continue
            place = place_of(at)
            if self._declared and spellings[new] > 1:
                yield self._finding(name, place, fix=False)
            elif new == _read(name):
                yield self._finding(name, place, fix=True)
            else:
                where = (place.file, place.pointer, place.line, place.column)
                yield Evidence(UNTIDY_LABEL, (name, *where))

    def finish(self, found: Found) -> Iterator[Finding]:
        """The findings that had to wait; without an edit if it would merge two classes."""
        waiting = found.get(UNTIDY_LABEL, ())
        if not waiting:
            return
        readings: dict[str, set[str]] = defaultdict(set)
        for name in {name for names in found.get(_NAMES, ()) for name in names}:
            readings[tidied(name)].add(name)
        for name, *where in waiting:
            yield self._finding(name, Place(*where), fix=self._keeps_classes(name, readings))

    def _keeps_classes(self, name: str, readings: dict[str, set[str]]) -> bool:
        """Whether no other class has the tidied name."""
        new, same = tidied(name), self._resolver.same
        return len(readings[new]) == 1 and same(new) in (new, same(name))

    def _finding(self, name: str, place: Place, *, fix: bool) -> Finding:
        new = tidied(name)
        looks_the_same = unicodedata.normalize("NFC", name) == new
        return code(UNTIDY_LABEL).at(
            place.at(self._step),
            f"expected {new!r}, got {ascii(name) if looks_the_same else repr(name)}",
            "write it without surrounding spaces, in the usual letters",
            edits=[Edit(place, Set({"label": new}))] if fix else (),
        )


def _read(name: str) -> str:
    """The name as `dataforge.classes` compares it, except for case."""
    return unicodedata.normalize("NFC", name.strip())
