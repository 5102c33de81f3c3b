"""VIA, the VGG Image Annotator: JSON and CSV of version 1 and 2, and projects of version 3.

files.py   what is in a file         shapes.py  what each shape becomes
read.py    the reader                write.py   the writer, of projects of version 2
classes.py which attribute is the class
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.signatures import Signature
from dataforge.formats.via.read import ViaReader, recognise
from dataforge.formats.via.write import ViaWriter

__all__ = ["FORMAT"]

FORMAT = Format(
    name="via",
    about="VIA (VGG Image Annotator): JSON and CSV of version 2 (JSON written) and 3",
    lossy=(
        "points and lines have no area: skipped and counted",
        "several polygons of an object: joined by thin bridges, or merged if they overlap",
        "masks: written as the polygon around their pixels",
        "a box or an area that differs from that of its outline",
        "whether an object is a crowd",
        "the sizes of the images: they are read from the image files",
        "keypoints of objects, and their names",
        "keys that only another format knows",
    ),
    reader=ViaReader(),
    writer=ViaWriter(),
    recognise=recognise,
    signatures=(
        Signature(
            name="VIA (VGG Image Annotator)",
            format="via",
            json=r'"(?:shape_attributes|_via_[a-z_]+|__VIA[A-Z_]*)"|"__VIA_'
            r'|\A(?=.*"filename"\s*:)(?=.*"regions"\s*:)(?=.*"file_attributes"\s*:)'
            r'|"config"\s*:\s*\{(?=.*"metadata"\s*:)(?=.*"attribute"\s*:)',
            header=r".*\bregion_shape_attributes\b.*|# Exported using VGG Image Annotator\b.*",
        ),
    ),
)
