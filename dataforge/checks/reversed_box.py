"""A box whose corners are in the wrong order.

What: ``xmin`` is greater than ``xmax`` or ``ymin`` than ``ymax``; in COCO, a width or a height is
less than 0. A rectangle in labelme may be drawn from any corner, and a YOLO row of this kind is a
bad-row.

Why: `convert` puts the corners in order and goes on. mmdetection does not: it takes the box for one
without area, and leaves it out of training without a word.

Example::

    <xmin>300</xmin><ymin>20</ymin><xmax>200</xmax><ymax>60</ymax>

Fix: swap the two numbers.
"""

SEVERITY = "warning"
FORMATS = ("coco", "voc")
