"""What `convert` and `split` say of what `check` finds: the faults that spoil or stop a training.

They cost a tenth of a conversion at most, so each image file is glanced at, and opened by Pillow
only where its first and last bytes show something odd. Of each code it is said once, with a count
and examples; `check` lists them, and looks for everything else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from dataforge.checks.base import DatasetInfo, Facts, Whole
from dataforge.checks.run import Running
from dataforge.checks.table import start
from dataforge.classes import Classes, ClassRules
from dataforge.codes import code
from dataforge.datasets import Fact, Source, Survey, is_usual
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.formats import find_size, finished
from dataforge.records import Box, Image

_OF_ALL = ("nothing-marked",)
_PLACES = {"labelme": "$.imageWidth", "voc": "size", "coco": ".width"}
"""Format -> the step from an image to its stated size."""


class DroppedByTrainers:
    """A step: objects that trainers drop although they are converted and registered."""

    def __init__(self, source: Source) -> None:
        data = DatasetInfo.of(source, ClassRules().resolver())
        self._running = Running(data, start(("zero-area", "outside-image"), data))

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        """The findings on the objects of an image."""
        for found in self._running.image(image):
            yield _once(found) if isinstance(found, Finding) else found


class Said:
    """A step of a survey.

    Args:
        source: the dataset.
        sizes: whether the sizes that the annotations state are compared with those of the images.
        clipped: whether boxes are going to be clipped, so that one may reach out of its image.
    """

    def __init__(self, source: Source, *, sizes: bool, clipped: bool = False) -> None:
        self._data = DatasetInfo.of(source, ClassRules().resolver())
        self._sizes = sizes
        self._step = _PLACES.get(source.format.name, "")
        self._dropped = DroppedByTrainers(source)
        names = () if clipped else ("partly-outside-image",)
        self._far = Running(self._data, start(names, self._data))

    def image(self, image: Image) -> Iterator[Image | Finding | Fact]:
        """The findings on an image and its file."""
        yield from map(_once, self._of_file(image))
        if is_usual(image):
            yield image
            return
        far = tuple(one for one in image.instances if _is_far_out(one.box, image))
        for found in self._far.image(msgspec.structs.replace(image, instances=far)) if far else ():
            if isinstance(found, Finding):
                yield _once(found)
        yield from self._dropped.image(image)

    def finish(self, found: Survey, classes: Classes) -> Iterator[Finding]:
        """The findings on all images that have been read."""
        whole = Whole(self._data, found.images, found.header, classes)
        running = Running(self._data, start(_OF_ALL, self._data))
        yield from (one for one in running.finish(Facts({}), whole) if one.severity == "error")

    def _of_file(self, image: Image) -> Sequence[Finding]:
        root, name = self._data.image_root, image.file_name
        if root.remote:
            return ()  # opening each would take longer than the conversion
        stated = image.width, image.height
        place = Place(name)
        try:
            seen = root.glance(name)
        except (OSError, ParseError):
            if not root.exists(name):
                return ()  # the reader has said so
            seen = None
        if seen is not None and seen.number == 0:
            return [code("empty-file").at(place, "the image file is empty", "restore it")]
        found: list[Finding] = []
        if seen is None or seen.size != stated:
            where = image.place.at(self._step)
            found, _ = finished(find_size(root, name, stated, verify=True, place=where))
            if any(one.code == "unreadable-image" for one in found):
                return found
        if not self._sizes:
            found = []
        if seen is not None and not seen.whole and (fault := self._data.file(image).fault):
            message, remedy = f"cannot be decoded: {fault}", "restore the image, or delete it"
            found.append(code("truncated-image").at(place, message, remedy))
        return found


def _is_far_out(box: Box, image: Image) -> bool:
    """Whether a box reaches out of an image farther than the image is large."""
    beyond = max(-box[0], -box[1], box[2] - image.width, box[3] - image.height)
    return beyond > max(image.width, image.height)


def _once(finding: Finding) -> Finding:
    return msgspec.structs.replace(finding, once=True)
