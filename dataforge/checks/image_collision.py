"""An image of which two COCO files that are merged say different things.

What: two files have an image of one name, and what is marked in it differs. That of the first file
is kept; the annotations of the second are left out, and counted.

Why: either they are two images of one name, and one is missing; or one file is older, and the older
one may have won.

Example: a.json and b.json both have ``0001.jpg``, once with two objects, once with three.

Fix: rename one of them if they are two images; else keep one set of annotations. What is named
first on the command line wins.
"""

SEVERITY = "error"
