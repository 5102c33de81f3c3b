"""VisDrone's label files, of images and of videos.

rows.py  the columns        files.py  which label file belongs to which images
read.py  the reader
"""

from __future__ import annotations

from dataforge.errors import plural
from dataforge.formats.base import Format
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import Signature
from dataforge.formats.visdrone.read import VisdroneReader

__all__ = ["FORMAT"]

_WHOLE = r"-?\d+\s*,\s*"
_MARKS = r"[01]\s*,\s*(?:\d|1[01])\s*,\s*(?:-1|[01])\s*,\s*(?:-1|[0-2])\s*,?"


def _recognise(texts: Texts) -> Recognised:
    """Text files with rows of 8 whole numbers, or 10 of a video."""
    number = len(texts.of("visdrone", texts=True))
    return Recognised(
        number, f"{plural(number, 'text file')} with rows of a box, score, category and two marks"
    )


FORMAT = Format(
    name="visdrone",
    about="VisDrone's label files, of images (DET) and videos (VID, MOT)",
    lossy=("the tracks of a video: their number is an attribute",),
    reader=VisdroneReader(),
    recognise=_recognise,
    signatures=(
        Signature(
            name="VisDrone",
            format="visdrone",
            rows=rf"(?:{_WHOLE}){{4}}{_MARKS}|\d+\s*,\s*\d+\s*,\s*(?:{_WHOLE}){{4}}{_MARKS}",
        ),
    ),
)
