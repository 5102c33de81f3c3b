"""DOTA's label files (``labelTxt``), as Roboflow's OBB export has them, too: turned boxes.

    imagesource:GoogleEarth
    gsd:0.146343590398
    x1 y1 x2 y2 x3 y3 x4 y4 class difficult

rows.py   the rows, both ways             files.py   which label file belongs to which image
read.py   the reader                      write.py   the writer
edit.py   the editor
"""

from __future__ import annotations

from dataforge.errors import plural
from dataforge.formats.base import Format
from dataforge.formats.dota.edit import DotaEditor
from dataforge.formats.dota.read import DotaReader
from dataforge.formats.dota.write import DotaWriter
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?"


def _recognise(texts: Texts) -> Recognised:
    """Text files with rows of eight numbers and a class name."""
    number = len(texts.of("dota", texts=True))
    return Recognised(number, f"{plural(number, 'text file')} with rows of four corners and a name")


FORMAT = Format(
    name="dota",
    about="DOTA's labelTxt, as Roboflow's OBB export: turned boxes by their corners",
    lossy=(
        "polygons with other than four corners, several of them, and masks: written as the "
        "smallest turned box around them",
        "whether an instance is only a box, or a rectangular polygon",
        "a box or an area that differs from that of its corners",
        "crowds: written as ordinary objects",
        "white space in names of classes, other than single spaces",
        "attributes other than difficult; of images, those other than imagesource and gsd",
        "keypoints of objects, and their names",
        "the order of classes, and classes without instances",
        "keys that only the source format knows",
    ),
    reader=DotaReader(),
    writer=DotaWriter(),
    editor=DotaEditor(),
    recognise=_recognise,
    signatures=(
        Signature(
            name="DOTA",
            format="dota",
            rows=rf"imagesource:.*|gsd:.*|(?:{_NUMBER}\s+){{8}}[^\W\d][^\t]{{0,80}}?(?:\s+\d)?",
        ),
    ),
)
