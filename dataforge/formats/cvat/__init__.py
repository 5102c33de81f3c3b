"""CVAT XML 1.1, for images and for video: one file for any number of images.

meta.py     labels, tasks and frames, from <meta>      images.py   which file an image or frame is
shapes.py   an element as an outline                   tracks.py   the frames between keyframes
frames.py   the frames of a task, as tracks number them
read.py     the reader       write.py   the writer     edit.py     the editor
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.cvat.edit import CvatEditor
from dataforge.formats.cvat.read import CvatReader
from dataforge.formats.cvat.write import CvatWriter
from dataforge.formats.recognise import Recognised, Texts
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]


def _recognise(texts: Texts) -> Recognised:
    """XML files with <annotations>."""
    found = texts.of("cvat")
    more = f" and {len(found) - 4:,} more" if len(found) > 4 else ""
    return Recognised(len(found), f"<annotations> of CVAT in {', '.join(found[:4])}{more}")


FORMAT = Format(
    name="cvat",
    about="CVAT XML 1.1, of images and of video tracks",
    lossy=(
        "several polygons of one instance: written as one mask",
        "an area that differs from that of the box, polygon or mask, and a box that is not the "
        "bounding box of the polygon or mask",
        "attributes that are no text, number or truth value; attributes of images",
        "keypoints of objects, and their names",
        "keys that only the source format knows",
        "polylines, points, cuboids and skeletons: counted, not read",
        "which frames of a track are keyframes: each frame is an image with its objects",
        "colours of labels, values that attributes may have, owners and dates: not read",
    ),
    reader=CvatReader(),
    writer=CvatWriter(),
    editor=CvatEditor(),
    recognise=_recognise,
    signatures=(
        Signature(
            name="CVAT XML",
            format="cvat",
            xml=r"<annotations\s*>(?=.*(?:<meta\s*/?>|<image\s|<track\s))",
        ),
    ),
)
