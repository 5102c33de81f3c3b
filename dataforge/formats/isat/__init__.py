"""ISAT (Image Segmentation Annotation Tool with segment anything): JSON beside each image.

file.py    the keys of a file         layers.py  what is drawn over other things
read.py    the reader                 classes.py isat.yaml
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.isat.read import IsatReader, recognise
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="isat",
    about="ISAT (segment anything) JSON for each image",
    lossy=(
        "regions of __background__ are holes, and no objects",
        "folder and depth of an image, and the areas and boxes of objects: not read, but measured",
    ),
    reader=IsatReader(),
    recognise=recognise,
    signatures=(Signature(name="ISAT JSON", format="isat", json=r'"description"\s*:\s*"ISAT'),),
)
