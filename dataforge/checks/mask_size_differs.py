"""A mask that is of another size than its image.

What: the ``size`` of a run-length encoded mask is not the image's height and width. A mask in
labelme is placed by its corner, and has no size of its own.

Why: the runs count pixels down the columns of a frame of that size: on another one the mask is in
another place, or slanted. mmdetection stops at it, or trains on nonsense.

Example: ``"size": [360, 640]`` on an image of 1280x720; or ``[640, 360]``, width and height in the
wrong order.

Fix: make the mask anew at the image's size.
"""

SEVERITY = "warning"
FORMATS = ("coco",)
