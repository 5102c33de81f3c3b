"""How the boxes of a VOC dataset are counted, and on what evidence.

What: VOC's own tools count pixels from 1 and include the last (``voc``); labelImg, CVAT and others
from 0 (``zero``); mmdetection subtracts 1 from all (``mmdet``). The files do not say. A coordinate
of 0 anywhere means ``zero``; else one equal to the image's width or height means ``voc``; else it
is the habit of the layout.

Why: a wrong guess moves all boxes by one pixel, which costs AP on small objects.

Example: boxes are read as 'zero': xmin is 0 in a.xml.

Fix: none, if it is right; --coords or ``coords`` in a layout file says otherwise.
"""

SEVERITY = "note"
