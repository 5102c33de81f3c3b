"""Pascal VOC XML and its relatives, in the folders given by a `Layout`."""

from __future__ import annotations

from dataforge.errors import plural
from dataforge.formats.base import Format
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.voc.corners import BOUNDS
from dataforge.formats.voc.edit import VocEditor
from dataforge.formats.voc.files import annotations_of_splits, listed_ids
from dataforge.formats.voc.objects import understood_difficult
from dataforge.formats.voc.read import VocReader
from dataforge.formats.voc.write import VocWriter

__all__ = ["BOUNDS", "FORMAT", "annotations_of_splits", "listed_ids", "understood_difficult"]


def _recognise(texts: Texts) -> Recognised:
    """XML files with <annotation>."""
    number = len(texts.voc)
    return Recognised(number, f"{plural(number, 'XML file')} with <annotation>")


FORMAT = Format(
    name="voc",
    about="Pascal VOC XML, in any folders",
    lossy=(
        "polygons and masks: an object is a box",
        "crowds: written as difficult objects",
        "an area that differs from that of the box",
        "attributes other than pose, truncated, occluded and difficult; all attributes of images",
        "keypoints of objects, and their names",
        "keys that only the source format knows",
        "parts (person layout) and polygons inside objects: counted, not read",
        "source, owner, folder, path and segmented of an XML file: not read",
    ),
    reader=VocReader(),
    writer=VocWriter(),
    editor=VocEditor(),
    recognise=_recognise,
    has_layout=True,
)
