"""An entry of a COCO file's images that names no file.

What: ``file_name`` is missing, empty or null.

Why: nothing tells which image it is: it is left out, with all of its annotations.

Example: ``{"id": 1, "coco_url": "http://images.cocodataset.org/a.jpg"}``.

Fix: add the image's path, relative to the folder of the images.
"""

SEVERITY = "error"
