"""Running checks over the images of a dataset, as a reader yields them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dataforge.checks.base import Check, Data
from dataforge.checks.files import Document
from dataforge.checks.table import start
from dataforge.errors import ParseError
from dataforge.records import Finding, Image


class Running:
    """Checks in one run.

    Args:
        data: the dataset.
        checks: in the order in which they speak of one image.
    """

    def __init__(self, data: Data, checks: Sequence[Check]) -> None:
        self._data = data
        # What a check does not define is not called, for each of many images.
        self._documents = [c.document for c in checks if type(c).document is not Check.document]
        self._images = [c.image for c in checks if type(c).image is not Check.image]
        self._finishes = [c.finish for c in checks if type(c).finish is not Check.finish]
        self._configs = [c.config for c in checks if type(c).config is not Check.config]
        self._source = ""

    def image(self, image: Image) -> Iterator[Finding]:
        """What there is to say of an image, and before it of the annotation file it begins."""
        if image.source != self._source:
            self._source = image.source
            if self._documents:
                document = Document(self._data.root, image.source)
                for look in self._documents:
                    yield from _guarded(image.source, look, document, image)
        for see in self._images:
            yield from _guarded(image.file_name, see, image)

    def finish(self) -> Iterator[Finding]:
        """What there is to say when all images have been seen."""
        for finish in self._finishes:
            yield from _guarded(".", finish)

    def config(self, document: Document) -> Iterator[Finding]:
        """What there is to say of a training config."""
        for look in self._configs:
            yield from _guarded(document.name, look, document)


def dropped_by_trainers(data: Data) -> Running:
    """The checks of objects that are converted and registered, and that trainers drop."""
    return Running(data, start(("zero-area", "outside-image"), data))


def _guarded(file: str, hook: Callable[..., Iterator[Finding]], *of: Any) -> Iterator[Finding]:
    """A hook's findings; a file that it cannot read is one more."""
    try:
        yield from hook(*of)
    except ParseError as error:
        yield _not_read(error.file, error.where, error.message)
    except OSError as error:
        yield _not_read(file, "", str(error))


def _not_read(file: str, where: str, why: str) -> Finding:
    return Finding(
        code="not-read-in-full",
        severity="warning",
        file=file,
        where=where,
        message=f"not all checks could be made: {why}",
        remedy="mend the file, and let nobody write it while it is checked",
    )
