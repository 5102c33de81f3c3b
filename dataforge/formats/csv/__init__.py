"""Tables of boxes, a row an object: TensorFlow's, RetinaNet's, Kaggle's, OpenImages' and others.

columns.py  what the columns of a table mean     table.py  the rows by image
texts.py    boxes that stand in one cell         read.py   the reader
classes.py  files that list classes              write.py  the writer, of TensorFlow's form
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.csv.columns import SIGNATURES
from dataforge.formats.csv.read import CsvReader, recognise
from dataforge.formats.csv.write import CsvWriter

__all__ = ["FORMAT"]

FORMAT = Format(
    name="csv",
    about="tables of boxes: TensorFlow's (written), RetinaNet's, Kaggle's, OpenImages'",
    lossy=(
        "outlines and masks: an object is a box",
        "attributes, whether an object is difficult, and whether it is a crowd",
        "the order of the classes, and classes without instances",
        "an area that differs from that of the box",
        "images without objects have no rows: they are known by lying beside the table",
        "keypoints of objects, and their names",
        "keys that only another format knows",
    ),
    reader=CsvReader(),
    writer=CsvWriter(),
    recognise=recognise,
    signatures=SIGNATURES,
)
