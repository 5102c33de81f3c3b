"""Objects of several parts that are written as one outline.

What: a row of YOLO holds one ring. An object of several rings, or a mask with a hole, is written as
one, its parts joined by bridges of no width. They are counted.

Why: the pixels are the same, but for the bridges. Read again, the object is one ring that touches
itself.

Example: a car behind a pole, of two polygons.

Fix: none; COCO holds several rings and masks.
"""

SEVERITY = "note"
