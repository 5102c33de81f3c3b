"""CreateML JSON: boxes of many images in one file, by their centres."""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.createml.read import CreatemlReader, recognise
from dataforge.formats.createml.write import CreatemlWriter
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="createml",
    about="CreateML JSON: a list of images with boxes by their centres",
    lossy=(
        "outlines and masks: an object is a box",
        "attributes, whether an object is difficult, and whether it is a crowd",
        "the order of the classes, and classes without instances",
        "an area that differs from that of the box",
        "the sizes of the images: they are read from the image files",
        "keypoints of objects, and their names",
        "keys that only another format knows",
    ),
    reader=CreatemlReader(),
    writer=CreatemlWriter(),
    recognise=recognise,
    signatures=(
        Signature(
            name="CreateML JSON",
            format="createml",
            json=r'"coordinates"\s*:\s*\{\s*"(?:x|y|width|height)"'
            r'|\A\s*\[\s*\{(?=[^{}]*"image(?:filename)?"\s*:\s*")'
            r'(?=[^{}]*"annotations?"\s*:\s*(?:null|\[\s*\]))',
        ),
    ),
)
