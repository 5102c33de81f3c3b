"""Measure what inputs cost, and how the cost grows: ``python tests/complexity/measure.py``.

    python tests/complexity/measure.py                  all rows, about half an hour
    python tests/complexity/measure.py --short          those of the test suite
    python tests/complexity/measure.py near config      rows with one of these words in their names

A row that costs more than it may is marked, and the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from costs import MOST_GROWTH, MOST_MEBIBYTES, MOST_SECONDS, cost, growth
from rows import GROWING, SMALL, Row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="measure rows with one of these words only")
    parser.add_argument("--short", action="store_true", help="measure those of the test suite")
    given = parser.parse_args(arguments)

    def wanted(row: Row) -> bool:
        return (row.short or not given.short) and (
            not given.words or any(word in row.name for word in given.words)
        )

    too_much = 0
    for row in filter(wanted, SMALL):
        too_much += not _small(row)
    for row in filter(wanted, GROWING):
        too_much += not _growing(row)
    print(f"{too_much} rows cost too much" if too_much else "every row costs what it may")
    return int(too_much > 0)


def _small(row: Row) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "dataset")
        place.mkdir()
        row.make(place, row.number)
        used = cost(row.arguments, place)
    good = used.is_orderly and used.seconds < MOST_SECONDS and used.mebibytes < MOST_MEBIBYTES
    print(
        f"{row.name:45} {used.seconds:7.1f} s {used.mebibytes:7.0f} MiB   exit {used.code}"
        f"{'' if good else '   TOO MUCH'}",
        flush=True,
    )
    return good


def _growing(row: Row) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        found = growth(row.make, row.arguments, row.number, Path(folder))
    good = found.large.is_orderly and max(found.seconds, found.mebibytes) <= MOST_GROWTH
    print(
        f"{row.name:45} {found.large.seconds:7.1f} s {found.large.mebibytes:7.0f} MiB   "
        f"x {found.seconds:4.1f} time, x {found.mebibytes:4.1f} memory"
        f"{'' if good else '   TOO MUCH'}",
        flush=True,
    )
    return good


if __name__ == "__main__":
    sys.exit(main())
