"""COCO's results (cocodataset.org/#format-results): what a detector has found, with scores.

They are no dataset, as images and classes are numbers of another file: they are written from what
has scores, and read as predictions by `evaluate` and `browse`.
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.cocoresults.write import CocoResultsWriter

__all__ = ["FORMAT"]

FORMAT = Format(
    name="cocoresults",
    about="COCO results JSON: predictions with scores, for evaluate and browse",
    lossy=(
        "the names of images and classes: they are numbers of a COCO file (--ground-truth)",
        "images and classes without objects",
        "an area that differs from that of the box, polygon or mask",
        "difficult, crowds and all attributes but the score",
        "the names of keypoints",
        "keys that only another format knows",
    ),
    writer=CocoResultsWriter(),
)
