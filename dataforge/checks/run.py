"""Running checks over the images of a dataset, as a step of a survey."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dataforge.checks.base import Check, DatasetInfo, Facts, Whole
from dataforge.codes import code
from dataforge.datasets import Fact
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.records import Image

if TYPE_CHECKING:
    from dataforge.checks.config_file import ConfigFile


class Running:
    """Checks in one run.

    Args:
        data: the dataset.
        checks: in the order of their findings on one image.
    """

    def __init__(self, data: DatasetInfo, checks: Sequence[Check]) -> None:
        self._checks = checks
        # Hooks that a check does not define are not called: there may be many images.
        self._images = [c.image for c in checks if type(c).image is not Check.image]
        kinds = dict.fromkeys(kind for check in checks for kind in check.gatherers)
        self._gatherers = [kind(data) for kind in kinds]

    @property
    def is_own(self) -> bool:
        """Whether all of them are dataforge's, of which it is known what they look at."""
        return all(type(check).__module__.startswith("dataforge.") for check in self._checks)

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        """The findings on an image, and the facts gathered from it."""
        for gatherer in self._gatherers:
            for value in _guarded(image.file_name, gatherer.image, image):
                yield value if isinstance(value, Finding) else Fact(gatherer.key, value)
        for see in self._images:
            yield from _guarded(image.file_name, see, image)
        yield image

    def finish(self, facts: Facts, whole: Whole) -> Iterator[Finding]:
        """The findings when all images have been seen."""
        for check in self._checks:
            if type(check).finish is not Check.finish:
                yield from _guarded(".", check.finish, facts, whole)

    def config(self, config: ConfigFile) -> Iterator[Finding]:
        """The findings on a training config."""
        for check in self._checks:
            try:
                yield from _guarded(config.name, check.config, config)
            except Exception as error:  # noqa: BLE001 - a config may hold anything
                reason = f"{check.name}: {type(error).__name__}: {error}"
                yield _not_read(Place(config.name), reason)


def _guarded(file: str, hook: Callable[..., Iterator[Any]], *of: Any) -> Iterator[Any]:
    """What a hook yields; a file that it cannot read becomes a finding."""
    try:
        yield from hook(*of)
    except ParseError as error:
        yield _not_read(Place.of(error), error.message)
    except OSError as error:
        yield _not_read(Place(file), str(error))


def _not_read(place: Place, why: str) -> Finding:
    return code("not-read-in-full").at(
        place,
        f"some checks could not run: {why}",
        "fix the file, and do not write to it while it is checked",
    )
