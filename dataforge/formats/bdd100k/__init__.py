"""BDD100K's labels (Scalabel JSON): lists of frames, and the older file for each image.

labels.py  what an object is        read.py  the reader
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.bdd100k.read import Bdd100kReader, recognise
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="bdd100k",
    about="BDD100K's labels (Scalabel JSON), as lists of frames or a file for each image",
    lossy=("lanes, areas to drive on, open lines and boxes in 3D: counted, not read",),
    reader=Bdd100kReader(),
    recognise=recognise,
    signatures=(
        Signature(
            name="BDD100K (Scalabel) JSON",
            format="bdd100k",
            json=r'"(?:box2d|poly2d)"\s*:'
            r'|\A(?=.*"labels"\s*:\s*\[)(?=.*"category"\s*:\s*")'
            r'(?=.*"rle"\s*:\s*\{\s*"(?:counts|size)")'
            r'|"frames"\s*:\s*\[\s*\{(?=[^\[\]]*"objects"\s*:\s*\[)'
            r'|\A\s*(?:\{\s*"frames"\s*:\s*)?\[\s*\{(?=[^\[\]]*"name"\s*:\s*")'
            r'(?=[^\[\]]*"(?:timestamp|frameIndex|videoName)"\s*:)(?![^\[\]]*"category"\s*:)',
        ),
    ),
)
