"""A VOC object without a name or without a box of four numbers.

What: ``<name>`` is missing or empty, ``<bndbox>`` is missing, or one of its four values is no
finite number.

Why: it is left out, and counted. mmdetection stops at it with an AttributeError or a ValueError
when the image's turn comes.

Example::

    <object>
      <name>cat</name>
      <bndbox><xmin>10</xmin><ymin/><xmax>30</xmax><ymax>40</ymax></bndbox>
    </object>

Fix: redraw the object, or drop it.
"""

SEVERITY = "error"
