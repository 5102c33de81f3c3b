"""An image that was marked as it is stored, and is shown turned.

What: the file has an EXIF orientation that turns it by 90 degrees, and the size in the annotations
is that before it is turned.

Why: mmdetection, as OpenCV does, turns the image when it is read: the boxes are in the wrong place.

Example: a telephone's photo, stored as 4000x3000 and shown as 3000x4000, which was marked with a
tool that does not look at the orientation: ``"width": 4000, "height": 3000``.

Fix: take the orientation out of the file (``exiftool -Orientation=1 -n``), so that the image is
shown as it was marked, or mark it again.
"""

SEVERITY = "error"
