"""Annotations that are left out because nothing says how large their image is.

What: the annotations state no size, and the image is not there or cannot be read to measure it.

Why: COCO and VOC files state it, YOLO divides by it, and trainers scale by it.

Example: a COCO image without ``width`` and ``height`` whose file was not downloaded.

Fix: restore the image, or add its width and height.
"""

SEVERITY = "error"
