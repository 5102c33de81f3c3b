"""Label Studio's JSON: tasks with annotations and predictions.

tasks.py    what is in a file       images.py   the images of a task
results.py  lists of results        regions.py  what each region becomes
brush.py    the masks of the brush  read.py     the reader
write.py    the writer
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.labelstudio.read import LabelStudioReader, recognise
from dataforge.formats.labelstudio.write import LabelStudioWriter
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="labelstudio",
    about="Label Studio JSON: tasks with rectangles, ellipses, polygons and brush masks",
    lossy=(
        "points and lines have no area: skipped and counted",
        "several polygons of an object: joined by thin bridges, or merged if they overlap",
        "a box or an area that differs from that of its outline",
        "attributes, whether an object is difficult, and whether it is a crowd",
        "the order of the classes, and classes without instances",
        "the sizes of images without objects: they are read from the image files",
        "keypoints of objects, and their names",
        "keys that only another format knows",
    ),
    reader=LabelStudioReader(),
    writer=LabelStudioWriter(),
    recognise=recognise,
    signatures=(
        Signature(
            name="Label Studio JSON",
            format="labelstudio",
            json=r'"(?:completed_by|from_name|original_width|rectanglelabels|polygonlabels|'
            r'brushlabels)"'
            r'|\A\s*\[?\s*\{(?=.*"data"\s*:\s*\{)(?=.*"(?:annotations|predictions)"\s*:\s*\[)',
        ),
    ),
)
