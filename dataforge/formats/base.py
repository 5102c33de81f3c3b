"""What every format module offers, under the same names.

    Options                          frozen msgspec Struct: what a caller may choose when reading
    read(root, options, canonical, each=map)
                                     -> iterator of Header (first, if any), Image and Finding
    WriteOptions                     frozen msgspec Struct: what a caller may choose when writing
    IMAGES                           `reference` or `copy`: where images go if nobody says
    image_path(split, file_name)     -> where an image goes in the output, relative to it
    key(file_name)                   -> what must differ between two images of one split
    targets(out, splits)             -> the files and folders that `write` makes
    write(out, splits, header, options)
    LOSSY                            what the format cannot hold, a sentence each
    recognise(texts)                 -> what of the format is in a folder (`_recognise`), for
                                     `inspect` and `split`; may be left out
    UNLABELLED                       True where nothing can be marked, so that no class is no fault
    LISTS_IMAGES                     True where a file that is written says which images there are;
                                     else all that are in its folder are of the dataset

A reader yields images one by one and a problem as a `Finding`; it raises for nothing that one file
can cause. What it does file by file it hands to `each`, which may do it in other processes; one
that does all of it by itself may leave `each` alone. A writer takes the images as streams that may
be gone through more than once, yields a `Finding` for each thing that it cannot carry (`lost`
counts the shapes), and writes into a folder of its own, which the caller puts in place when all is
well.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from dataforge.io import Root
from dataforge.records import Finding, Header, Image

Canonical: TypeAlias = Callable[[str], str | None]
Records: TypeAlias = Iterator[Header | Image | Finding]
T = TypeVar("T")
Step: TypeAlias = Generator[Finding, None, T]
"""A part of a reader: yields what it finds on the way, and returns its result."""

Y = TypeVar("Y")
S = TypeVar("S")


class Each(Protocol):
    """The built-in `map`, or an engine's: calls that may run in other processes.

    So the function, the items and the results must be picklable, and what the function changes in
    itself may be lost: what many files have in common is put together from the results.
    """

    def __call__(self, function: Callable[[S], T], items: Iterable[S], /) -> Iterator[T]:
        """The results, in the order of the items."""
        ...


def finished(steps: Generator[Y, None, T]) -> tuple[list[Y], T]:
    """(what a generator yields, what it returns)."""
    found = []
    while True:
        try:
            found.append(next(steps))
        except StopIteration as end:
            return found, end.value


Splits: TypeAlias = Mapping[str, Iterable[Image]]


class Reader(Protocol):
    """A format that can be read."""

    LOSSY: tuple[str, ...]
    Options: Any

    def read(self, root: Root, options: Any, canonical: Canonical, each: Each = map) -> Records:
        """Yield the images of a folder in the order of their files' paths.

        Args:
            root: the folder.
            options: the module's `Options`.
            canonical: the class that a label means; used to compare labels, not to change them.
            each: does what is to be done for each file.
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
