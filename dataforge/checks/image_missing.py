"""An annotation whose image is not there.

What: the image that an annotation file names, or that belongs to it by its name, is not in the
folder.

Why: a trainer stops at it with FileNotFoundError, most often in the middle of the first epoch.

Example: ``Annotations/0007.xml`` and no ``JPEGImages/0007.*``; or ``"file_name": "0007.jpg"`` in a
COCO file, and the images in a folder that `--image-root` has to name.

Fix: restore the image, name the folder of the images, or drop the annotations: `convert` with
``--missing-images skip`` leaves them out.
"""

SEVERITY = "error"
