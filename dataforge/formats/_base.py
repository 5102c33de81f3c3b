"""What every format module offers, under the same names.

    Options                          frozen msgspec Struct: what a caller may choose when reading
    read(root, options, canonical)   -> iterator of Header (first, if any), Image and Finding
    WriteOptions                     frozen msgspec Struct: what a caller may choose when writing
    IMAGES                           `reference` or `copy`: where images go if nobody says
    image_path(split, file_name)     -> where an image goes in the output, relative to it
    key(file_name)                   -> what must differ between two images of one split
    targets(out, splits)             -> the files and folders that `write` makes
    write(out, splits, header, options)
    LOSSY                            what the format cannot hold, a sentence each
    UNLABELLED                       True where nothing can be marked, so that no class is no fault

A reader yields images one by one and a problem as a `Finding`; it raises for nothing that one file
can cause. A writer takes the images as streams that may be gone through more than once, yields a
`Finding` for each thing that it cannot carry (`lost` counts the shapes), and writes into a folder
of its own, which the caller puts in place when all is well.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from dataforge.fileio import Root
from dataforge.records import Finding, Header, Image

Canonical: TypeAlias = Callable[[str], str | None]
Records: TypeAlias = Iterator[Header | Image | Finding]
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
    WriteOptions: Any
    IMAGES: Literal["reference", "copy"]

    def image_path(self, split: str, file_name: str) -> str:
        """Where an image goes, relative to the output folder."""
        ...

    def key(self, file_name: str) -> str:
        """What must differ between two images of one split, such as the name without extension."""
        ...

    def targets(self, out: Path, splits: Sequence[str]) -> list[Path]:
        """The files and top-level folders that `write` makes."""
        ...

    def write(self, out: Path, splits: Splits, header: Header, options: Any) -> Iterator[Finding]:
        """Write all splits with the same full list of classes; yields what cannot be carried."""
        ...
