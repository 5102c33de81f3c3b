"""The finding on JSON that had to be repaired, which all readers of JSON share."""

from __future__ import annotations

from dataforge.codes import code
from dataforge.findings import Finding, Place


def was_repaired(file: str) -> Finding:
    """The finding on a file that is read as `dataforge.io.repaired` makes it."""
    return code("nan").at(
        Place(file),
        "contains NaN, Infinity or half a character, which is not valid JSON: read as null or "
        "U+FFFD",
        "correct the numbers and the text",
    )
