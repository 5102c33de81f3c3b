"""WIDER FACE's lists of faces, and those with landmarks that RetinaFace's authors made of them.

rows.py  the columns of both        read.py  the reader
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.signatures import Signature
from dataforge.formats.widerface.read import WiderfaceReader, recognise
from dataforge.io import IMAGE_EXTENSIONS

__all__ = ["FORMAT"]

_IMAGE = rf"[^\t\n]+\.(?:{'|'.join(end[1:] for end in IMAGE_EXTENSIONS)})"
_NUMBER = r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?"

FORMAT = Format(
    name="widerface",
    about="WIDER FACE's lists of faces, and RetinaFace's with landmarks",
    reader=WiderfaceReader(),
    recognise=recognise,
    signatures=(
        Signature(
            name="WIDER FACE",
            format="widerface",
            path=r"(?:.*/)?wider_face_.*_bbx_gt\.txt",
            start=rf"{_IMAGE} *\n *\d+ *\n *-?\d+(?: +-?\d+){{9}} *(?:\n|$)"
            rf"|# {_IMAGE} *\n *{_NUMBER}(?: +{_NUMBER}){{3}}(?:(?: +{_NUMBER}){{15,16}})?"
            r" *(?:\n|$)",
        ),
    ),
)
