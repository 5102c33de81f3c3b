"""Counting what a writer cannot carry, so that it is said once, with a number and a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dataforge.errors import plural
from dataforge.records import Extra, Finding, Header, Image, Instance, Severity


class Tally:
    """How many of something there are, and where the first is.

    Args:
        code: of the finding.
        severity: of the finding.
        noun: what is counted.
        message: what follows the number and the noun; ``{names}`` is what `add` was told.
        remedy: of the finding.
    """

    def __init__(
        self, code: str, severity: Severity, noun: str, message: str, remedy: str = ""
    ) -> None:
        self.code = code
        self.severity = severity
        self.noun = noun
        self.message = message
        self.remedy = remedy
        self._count = 0
        self._lost = 0
        self._place = ("", "")
        self._first = ""
        self._names: dict[str, None] = {}

    def add(
        self, place: Image | str, where: str = "", names: Iterable[str] = (), lost: int = 0
    ) -> None:
        """Count one more.

        Args:
            place: the image that it is in; the output's name for what is of the whole dataset.
            where: in the image's source.
            names: of what is not carried.
            lost: number of shapes that do not reach the output because of it.
        """
        if not self._count:
            self._first = "; the first one here" if isinstance(place, Image) else ""
            file = (place.source or place.file_name) if isinstance(place, Image) else place
            self._place = file, where
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
            message=f"{plural(self._count, self.noun)} {self.message.format(names=said)}"
            + self._first,
            remedy=self.remedy,
            lost=self._lost,
        )


class KeysTally:
    """Counts the keys that only another format knows, wherever a dataset has them.

    Args:
        title: what messages call the format that is written.
        own: name of the format whose keys it writes, if any.
    """

    def __init__(self, title: str, own: str = "") -> None:
        self._own = own
        tail = f"that only another format knows: {title} has no place for them ({{names}})"
        self._tallies = {
            what: Tally("keys-not-carried", "note", noun, f"{whose} {tail}")
            for what, noun, whose in (
                ("dataset", "key", "of the whole dataset"),
                ("class", "class", "with keys"),
                ("image", "image", "with keys"),
                ("instance", "instance", "with keys"),
            )
        }

    def header(self, header: Header, out: str) -> None:
        """Count those of the dataset and of its classes.

        Args:
            header: that is to be written.
            out: the output's name.
        """
        for key in self._foreign(header.extra):
            self._tallies["dataset"].add(out, names=[key])
        for category in header.categories:
            if keys := self._foreign(category.extra):
                self._tallies["class"].add(out, names=keys)

    def image(self, image: Image) -> None:
        """Count those of an image, its instances apart."""
        if keys := self._foreign(image.extra):
            self._tallies["image"].add(image, image.where, keys)

    def instance(self, image: Image, instance: Instance) -> None:
        """Count those of an instance."""
        if keys := self._foreign(instance.extra):
            self._tallies["instance"].add(image, instance.where, keys)

    def findings(self) -> Iterator[Finding]:
        """One finding each for the dataset, the classes, the images and the instances."""
        for tally in self._tallies.values():
            yield from tally.findings()

    def _foreign(self, extra: Extra) -> list[str]:
        return [
            key
            for owner, keys in extra.items()
            for key, value in keys.items()
            # What COCO keeps of a bbox that is a rounded number, or of attributes that are empty:
            # how something was written, not something that is said.
            if owner != self._own and key != "bbox" and value != {}
        ]
