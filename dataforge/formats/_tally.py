"""Counting what a writer cannot carry, so that it is said once, with a number and a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dataforge.records import Finding, Image, Severity


class Tally:
    """How many of something there are, and where the first is.

    Args:
        code: of the finding.
        severity: of the finding.
        message: with ``{}`` for the number, and ``{names}`` for what `add` was told.
        remedy: of the finding.
    """

    def __init__(self, code: str, severity: Severity, message: str, remedy: str = "") -> None:
        self.code = code
        self.severity = severity
        self.message = message
        self.remedy = remedy
        self._count = 0
        self._lost = 0
        self._place = ("", "")
        self._names: dict[str, None] = {}

    def add(self, image: Image, where: str = "", names: Iterable[str] = (), lost: int = 0) -> None:
        """Count one more.

        Args:
            image: that it is in.
            where: in the image's source.
            names: of what is not carried.
            lost: number of shapes that do not reach the output because of it.
        """
        if not self._count:
            self._place = image.source or image.file_name, where
        self._count += 1
        self._lost += lost
        self._names.update(dict.fromkeys(names))

    def findings(self) -> Iterator[Finding]:
        """One finding, if there was any."""
        if not self._count:
            return
        names = [*self._names]
        said = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
        yield Finding(
            code=self.code,
            severity=self.severity,
            file=self._place[0],
            where=self._place[1],
            message=self.message.format(f"{self._count:,}", names=said) + "; the first one here",
            remedy=self.remedy,
            lost=self._lost,
        )
