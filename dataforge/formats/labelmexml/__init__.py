"""XML of LabelMe, the web tool of MIT (and of CVAT and Datumaro, which write it).

file.py    what is in a file        attributes.py  what is said of an object
read.py    the reader               masks.py       masks in files of their own
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.labelmexml.read import LabelmeXmlReader, recognise
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="labelmexml",
    about="LabelMe (MIT) XML for each image",
    lossy=(
        "points and lines have no area: skipped and counted",
        "objects that were deleted: left out and counted",
        "outlines that move through a video: not read",
    ),
    reader=LabelmeXmlReader(),
    recognise=recognise,
    signatures=(
        Signature(
            name="LabelMe (MIT) XML",
            format="labelmexml",
            xml=r"<annotation[\s>](?!.*<bndbox)(?=.*(?:<pt>|<deleted>|<sourceImage>|<imagesize>))",
        ),
    ),
)
