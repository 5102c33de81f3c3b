"""Checks: one code and one file each, ``dataforge/checks/<group>/<code with underscores>.py``.

The file defines a class `Check`, a subclass of `dataforge.checks.Check`; its page is
``dataforge/codes/<group>/<code>.md``. A code whose findings come from a reader or a verb only has a
page. A run goes over the dataset once:

    for each image     image(image)            where it is read, maybe in another process
    at the end         finish(facts, whole)    in the parent, with the facts of all images
    or, for a training config                  config(config)

A check therefore keeps no state between images. What it needs of all of them it yields as facts, of
builtin types, and gets back in the order of the images. A hook that a subclass does not define
costs nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dataforge.checks.opened import ImageFile
from dataforge.classes import Classes, Resolver
from dataforge.codes import Code, code
from dataforge.datasets import Fact, Seen, Source
from dataforge.findings import Drop, Edit, Finding, Place, Severity
from dataforge.io import Root
from dataforge.layouts import Layout
from dataforge.records import Header, Image, Instance

if TYPE_CHECKING:
    from dataforge.checks.config_file import ConfigFile

T = TypeVar("T")

CONFIG = "config"
"""The format of a training config."""


class DatasetInfo:
    """What all checks of a run know about the dataset; sent to where the images are read.

    Attributes:
        root: the folder; findings name files relative to it.
        format: the format it is read in; `CONFIG` for a training config.
        resolver: decides whether two labels mean the same class.
        layout: where the files are, for a format that has a layout.
        image_root: the folder that `Image.file_name` is relative to.
    """

    def __init__(
        self,
        root: Root,
        format_: str,
        resolver: Resolver,
        layout: Layout | None = None,
        image_root: Root | None = None,
    ) -> None:
        self.root = root
        self.format = format_
        self.resolver = resolver
        self.layout = layout
        self.image_root = image_root or root
        self._file = ImageFile(self.image_root, "")
        self._turn = 0

    @classmethod
    def of(cls, source: Source, resolver: Resolver) -> DatasetInfo:
        """Of a dataset that is read."""
        name = source.format.name
        return cls(source.root, name, resolver, source.layout, source.image_root)

    def file(self, image: Image) -> ImageFile:
        """The image's file, opened on first use, and only once."""
        turn = self.image_root.trace.turn
        if self._file.name != image.file_name or self._turn != turn:
            self._file, self._turn = ImageFile(self.image_root, image.file_name), turn
        return self._file


class Whole:
    """The dataset after all images have been seen.

    Attributes:
        data: what was known before.
        images: what is kept of each image, in order; one in two splits occurs twice.
        header: what the source says about the dataset as a whole.
        classes: the final classes.
    """

    def __init__(
        self, data: DatasetInfo, images: Sequence[Seen], header: Header, classes: Classes
    ) -> None:
        self.data = data
        self.images = images
        self.header = header
        self.classes = classes


class Facts:
    """The facts of all images, by key, in the order of the images."""

    def __init__(self, facts: Mapping[str, Sequence[Any]]) -> None:
        self._facts = facts
        self._shared: dict[Any, Any] = {}

    def of(self, key: str) -> Sequence[Any]:
        """The values for a check's code or a `Gatherer`'s key."""
        return self._facts.get(key, ())

    def shared(self, make: Callable[[Facts, Whole], T], whole: Whole) -> T:
        """What several checks compute from the facts, computed once for the first that needs it."""
        if make not in self._shared:
            self._shared[make] = make(self, whole)
        found: T = self._shared[make]
        return found


class Gatherer(ABC):
    """Facts that several checks need; gathered once for all of them.

    Attributes:
        key: of its facts.
    """

    key: ClassVar[str]

    def __init__(self, data: DatasetInfo) -> None:
        self.data = data

    @abstractmethod
    def image(self, image: Image) -> Iterator[Any]:
        """The facts of an image, of builtin types."""


class Check:
    """One check in one run; a subclass defines the hooks that it needs.

    An image comes as the reader yields it, with labels as written, and without the instances whose
    coordinates are not finite or beyond `dataforge.io.MAX_COORDINATE`. One in two splits comes
    twice, with different values of `split`; a finding that equals an earlier one is dropped.

    Attributes:
        formats: formats of datasets that it applies to; None for all.
        gatherers: those whose facts it needs.
        code: of its findings.
        data: the dataset.
    """

    formats: ClassVar[tuple[str, ...] | None] = None
    gatherers: ClassVar[tuple[type[Gatherer], ...]] = ()

    def __init__(self, name: str, data: DatasetInfo) -> None:
        self.code: Code = code(name)  # goes along to workers, which know no page of a plug-in
        self.data = data

    def image(self, image: Image) -> Iterator[Finding | Fact]:
        """Check one image's record, and its file through ``self.data.file(image)``."""
        return iter(())

    def finish(self, facts: Facts, whole: Whole) -> Iterator[Finding]:
        """Report after all images have been seen; own facts are ``facts.of(self.name)``."""
        return iter(())

    def config(self, config: ConfigFile) -> Iterator[Finding]:
        """Check a training config."""
        return iter(())

    @property
    def name(self) -> str:
        """The name of the check's code, which is the key of its facts."""
        return self.code.name

    def fact(self, value: Any) -> Fact:
        """A fact of this check."""
        return Fact(self.name, value)

    def finding(
        self,
        place: Place,
        message: str,
        remedy: str = "",
        *,
        severity: Severity | None = None,
        edits: Iterable[Edit] = (),
    ) -> Finding:
        """A finding of this check.

        Args:
            place: where it is; ``Place(".")`` for the dataset as a whole.
            message: what was expected and what was found.
            remedy: what to do; should be the same for each finding, because it is then shown once.
            severity: one of those on its page, if not the first.
            edits: what fixes it, if its page has ``fix``.
        """
        return self.code.at(place, message, remedy, severity=severity, edits=edits)


def dropping(instance: Instance) -> tuple[Edit, ...]:
    """The edit that removes an object from its file.

    None for an object made of several shapes: it is unknown which of them is wrong.
    """
    return (Edit(instance.place, Drop()),) if instance.parts == 1 else ()
