"""Files of other formats, which a reader passes over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place


def other_files(
    names: Sequence[str], is_what: str, name: str = "not-of-this-format"
) -> Iterator[Finding]:
    """The finding on files that are ignored; none if there are none.

    Args:
        names: of the files.
        is_what: what is said of each, as in "is not an ISAT file".
        name: of the finding's code.
    """
    if names:
        more = f", and {plural(len(names) - 1, 'more file')}" if len(names) > 1 else ""
        yield code(name).at(Place(names[0]), f"{is_what}: ignored{more}")
