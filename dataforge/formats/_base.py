"""What every format module offers, under the same names.

    Options                      a frozen msgspec Struct: what a caller may choose
    read(root, options, canonical) -> iterator of Image and Finding
    write(out, splits, classes, options) -> list of paths       (where the format can be written)
    LOSSY                        what the format cannot hold, a sentence each

A reader yields images one by one and a problem as a `Finding`; it raises for nothing that one file
can cause. A writer takes the images as streams that may be gone through more than once, and its
output appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from dataforge.fileio import Root
from dataforge.records import Finding, Image

Canonical: TypeAlias = Callable[[str], str | None]
Records: TypeAlias = Iterator[Image | Finding]
T = TypeVar("T")
Step: TypeAlias = Generator[Finding, None, T]
"""A part of a reader: yields what it finds on the way, and returns its result."""

Splits: TypeAlias = Mapping[str, Iterable[Image]]


class Reader(Protocol):
    """A format that can be read."""

    LOSSY: tuple[str, ...]
    Options: Any

    def read(self, root: Root, options: Any, canonical: Canonical) -> Records:
        """Yield the images of a folder in the order of their files' paths.

        Args:
            root: the folder.
            options: the module's `Options`.
            canonical: the class that a label means; used to compare labels, not to change them.
        """
        ...


class Writer(Protocol):
    """A format that can be written."""

    LOSSY: tuple[str, ...]

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        """The files that `write` would make."""
        ...

    def write(self, out: Path, splits: Splits, classes: Sequence[str], category_start: int) -> None:
        """Write all splits with the same full list of classes."""
        ...
