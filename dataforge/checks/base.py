"""What a check is: one code, one file, ``dataforge/checks/<code with underscores>.py``.

    __doc__      its page, which `dataforge explain CODE` prints: a line that says what is wrong,
                 then paragraphs that begin with What:, Why:, Example: and Fix:
    SEVERITY     `error`, `warning` or `note`: that of its gravest finding
    FIX          `safe` or `unsafe` where ``--fix`` mends it; left out where it does not
    Fix          where FIX is: a subclass of `dataforge.checks.fixing.Fix`, which mends it
    FORMATS      ("voc",): source formats that it is for, "config" for training configs; left out
                 where it is for all
    IMAGES       True where it opens image files: ``--no-images`` leaves it out
    PIXELS       True where it decodes them as well: ``--no-pixels`` leaves it out, too
    Check        a subclass of `Check` below; left out where readers or verbs yield the finding,
                 so that the module is a page alone

A code names the fault and not the cure, in kebab-case, and never changes.

A run goes over the dataset once:

    for each annotation file   document(document, image)     with the first image read from it
        for each of its images     image(image)
    at the end                 finish()
    or, for a training config  config(document)

Each hook is a generator of findings; a hook that a subclass does not define costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from dataforge.checks.files import Document, ImageFile
from dataforge.classes import ClassMap
from dataforge.io import Root
from dataforge.layouts import Layout
from dataforge.records import Finding, Header, Image, Instance, Severity

T = TypeVar("T")


class About(msgspec.Struct, frozen=True):
    """What the table and the module say of a check.

    Attributes:
        code: of its findings.
        severity: of its findings, if they do not say otherwise.
    """

    code: str
    severity: Severity


class Data:
    """What all checks of a run know of the dataset.

    Attributes:
        root: the folder; findings name files relative to it.
        format: that it is read as; ``config`` for a training config.
        classes: what a label means: ``classes.canonical(label)``; None for one that is left out.
            ``classes.names()`` are the classes in order, complete at the end.
        layout: where things are, for a format that has a layout.
        header: the classes that the source declares, and what else it says of itself; empty until
            the reader has yielded it, which it does before the first image.
        image_root: the folder that `Image.file_name` is relative to.
    """

    def __init__(
        self,
        root: Root,
        format_: str,
        classes: ClassMap,
        layout: Layout | None = None,
        image_root: Root | None = None,
    ) -> None:
        self.root = root
        self.format = format_
        self.classes = classes
        self.layout = layout
        self.header = Header()
        self.image_root = image_root or root
        self._file = ImageFile(self.image_root, "")
        self._shared: dict[Any, Any] = {}

    def file(self, image: Image) -> ImageFile:
        """The image's file; nothing is opened before something is asked of it."""
        if self._file.name != image.file_name:
            self._file = ImageFile(self.image_root, image.file_name)
        return self._file

    def shared(self, make: Callable[[Data], T]) -> T:
        """What several checks gather together, made for the first that asks for it."""
        if make not in self._shared:
            self._shared[make] = make(self)
        found: T = self._shared[make]
        return found


class Check:
    """One check in one run; a subclass defines the hooks that it needs.

    An image comes as the reader yields it, with labels as written, and without the instances whose
    coordinates are not finite or beyond `dataforge.io.files.MAX_COORDINATE`. One that stands in two
    splits comes twice, with another `split`; a finding that is equal to an earlier one is dropped.
    Keep no images: ids, names, sizes, hashes and counts alone may grow with the dataset.

    Attributes:
        about: code and severity.
        data: the dataset.
    """

    def __init__(self, about: About, data: Data) -> None:
        self.about = about
        self.data = data

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        """Look at an annotation file itself, once for each.

        Args:
            document: the file; take from it the form that the format has.
            image: the first one that was read from it.
        """
        return iter(())

    def image(self, image: Image) -> Iterator[Finding]:
        """Look at one image's record, and at its file by ``self.data.file(image)``."""
        return iter(())

    def finish(self) -> Iterator[Finding]:
        """Say what is known when all images have been seen."""
        return iter(())

    def config(self, document: Document) -> Iterator[Finding]:
        """Look at a training config."""
        return iter(())

    def finding(
        self,
        file: str,
        message: str,
        remedy: str = "",
        *,
        where: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this check.

        Args:
            file: relative to the folder that is checked; ``.`` for the dataset as a whole.
            message: what was wanted and what was there.
            remedy: what to do; say the same for each finding, as it is then shown once.
            where: JSON pointer or ``line 12`` in the file.
            severity: if it is not the check's own.
        """
        return Finding(
            code=self.about.code,
            severity=severity or self.about.severity,
            file=file,
            where=where,
            message=message,
            remedy=remedy,
        )

    def finding_on(
        self, image: Image, instance: Instance, message: str, remedy: str = ""
    ) -> Finding:
        """A finding at one of its instances."""
        return self.finding(image.source or image.file_name, message, remedy, where=instance.where)
