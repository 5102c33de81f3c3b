"""An image whose name differs from its annotation's in upper and lower case.

What: the image that goes with an XML file was found only without regard to case. It is taken.

Why: on Windows and macOS the two are one name; on Linux, where the training runs, they are not, and
the trainer stops or skips the image.

Example: ``Annotations/IMG_01.xml`` and ``JPEGImages/img_01.jpg``.

Fix: rename one of the two.
"""

SEVERITY = "warning"
