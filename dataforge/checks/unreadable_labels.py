"""A YOLO label file that is no text.

What: the file of an image is neither UTF-8 nor another text that is known. The image is left out.

Why: without its labels the image would teach that nothing is in it.

Example: a ``.txt`` that is an image or an archive, or whose disk block was lost.

Fix: restore it, or mark the image again. An empty file says that nothing is in the image.
"""

SEVERITY = "error"
