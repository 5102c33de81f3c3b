"""KITTI's label files: a row for each object, in pixels, beside 3D fields that boxes do not need.

rows.py   the columns, both ways          files.py   which label file belongs to which image
read.py   the reader                      write.py   the writer
edit.py   the editor
"""

from __future__ import annotations

from dataforge.errors import plural
from dataforge.formats.base import Format
from dataforge.formats.kitti.edit import KittiEditor
from dataforge.formats.kitti.read import KittiReader
from dataforge.formats.kitti.write import KittiWriter
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?"


def _recognise(texts: Texts) -> Recognised:
    """Text files with rows of a class name and 14 or 15 numbers."""
    number = len(texts.of("kitti", texts=True))
    return Recognised(number, f"{plural(number, 'text file')} with rows of a name and 14 numbers")


FORMAT = Format(
    name="kitti",
    about="KITTI's label files, with the boxes of images and 3D fields",
    lossy=(
        "polygons and masks: an object is a box",
        "crowds: written as DontCare, without their class",
        "ordinary objects of a class DontCare: read back as regions to ignore",
        "white space in names of classes, other than single spaces",
        "difficult objects: the flag is not stored",
        "an area that differs from that of the box",
        "attributes other than truncated, occluded, alpha, dimensions, location, rotation_y and "
        "score; all attributes of images",
        "the order of classes, and classes without instances",
        "3D fields that are all zero: read as unknown",
        "keypoints of objects, and their names",
        "keys that only the source format knows",
    ),
    reader=KittiReader(),
    writer=KittiWriter(),
    editor=KittiEditor(),
    recognise=_recognise,
    signatures=(
        Signature(
            name="KITTI",
            format="kitti",
            rows=rf"[^\W\d][^\t]{{0,80}}?(?:\s+{_NUMBER}){{14,15}}",
        ),
    ),
)
