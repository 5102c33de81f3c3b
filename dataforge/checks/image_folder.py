"""Where the images of a COCO file are.

What: the file names are not relative to the folder that is read, but to one below it, which was
found by looking for them.

Why: all file names that are printed and written are relative to the folder that is read. If the
folder is the wrong one, such as thumbnails of the same names, boxes lie beside the objects.

Example: ``"file_name": "a.jpg"``, and the image is ``train2017/a.jpg``.

Fix: none, if the folder is the right one; --image-root names another.
"""

SEVERITY = "note"
