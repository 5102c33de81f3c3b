"""labelme JSON, version 3.0 to 7.x, and X-AnyLabeling's dialect.

file.py     the keys of a file           images.py  the image of a file
shapes.py   what each shape becomes      groups.py  shapes that are one instance
read.py     the reader                   strict.py  additional findings of `check`
poses.py    points that are keypoints
write.py    the writer                   edit.py    the editor
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.labelme.edit import LabelmeEditor
from dataforge.formats.labelme.read import LabelmeReader, recognise
from dataforge.formats.labelme.write import LabelmeWriter

__all__ = ["FORMAT"]

FORMAT = Format(
    name="labelme",
    about="labelme JSON beside each image",
    lossy=(
        "lines and points have no area: skipped and counted unless a stroke or radius is given",
        "keypoints are points in the group of their object, read back with --keypoints; their "
        "order, the skeleton, and what is not labelled are not stored",
        "keys that only the source format knows",
        "which images are in which split",
        "the order of the classes, and classes without instances",
        "whether an instance is a crowd",
        "whether an instance is only a box, or a rectangular polygon",
        "a box or an area that differs from that of its polygons or mask",
        "attributes that labelme does not know are moved into one called `attributes`",
    ),
    reader=LabelmeReader(),
    writer=LabelmeWriter(),
    editor=LabelmeEditor(),
    recognise=recognise,
)
