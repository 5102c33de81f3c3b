"""An image id that two images of a COCO file have.

What: two entries of ``images`` have one id and different file names.

Why: the annotations with that id belong to one of them, and nobody knows to which: both images and
their annotations are left out. pycocotools shows all of them on the last image.

Example: two exports that both count from 1, pasted into one file::

    "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 1, "file_name": "b.jpg"}]

Fix: merge the files that this one was made of by `dataforge coco merge`, which gives ids anew.
"""

SEVERITY = "error"
