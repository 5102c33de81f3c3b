"""A path that leads out of the dataset's folder.

What: the path of an image is absolute, or leads out of the folder by ``..``. Where one image of
that name is in the folder it is taken, as a path from the annotator's own computer is common.

Why: nothing outside the folder is read, as a file from somebody else must not name what it likes;
and on another computer such a path leads nowhere.

Example: ``"imagePath": "C:\\\\Users\\\\me\\\\0007.jpg"`` or ``"file_name": "../../0007.jpg"``.

Fix: make it relative to the annotation file (labelme) or to the folder of the images (COCO); or
name the folder of the images with --image-root.
"""

SEVERITY = "error"
