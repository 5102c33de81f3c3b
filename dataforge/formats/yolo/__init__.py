"""YOLO text files: one row per object, normalised by the image size.

dataset_yaml.py, class_names.py, splits.py   the content of data.yaml and similar files
data.py        all of that together        paths.py     the label file of an image
forms.py       what the columns mean       pairs.py     images and labels in other folders
rows.py        what each row becomes       outlines.py  joins several rings into one
pose.py        keypoints
read.py        the reader                  write.py     the writer, with row_writer.py
recognise.py   whether there are any       edit.py      the editor
"""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.yolo.edit import YoloEditor
from dataforge.formats.yolo.read import YoloReader
from dataforge.formats.yolo.recognise import recognise
from dataforge.formats.yolo.write import YoloWriter

__all__ = ["FORMAT"]

FORMAT = Format(
    name="yolo",
    about="YOLO text files, as Ultralytics trains on them",
    lossy=(
        "polygons and masks, if boxes are written (the default)",
        "holes and gaps, if polygons are written: several polygons are joined into one by thin "
        "bridges",
        "crowds: skipped and counted",
        "an area that differs from that of the box or polygon and, if polygons are written, a box "
        "that is not the bounding box of its polygon",
        "the part of a box that lies outside its image, and boxes without area",
        "difficult and all other attributes, of objects and of images",
        "keys that only the source format knows",
        "keypoints, unless they are asked for (--pose), and the skeleton of a class",
    ),
    reader=YoloReader(),
    writer=YoloWriter(),
    editor=YoloEditor(),
    recognise=recognise,
)
