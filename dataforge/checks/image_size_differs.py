"""An image that is of another size than its annotations say.

What: the width and height in the annotation file are not those in the image's header, after its
EXIF orientation is applied.

Why: the boxes were made on another image, or on this one before it was resized: they are in the
wrong place. mmdetection believes the annotation file, and scales by it.

Example: ``<size><width>1280</width><height>720</height></size>`` beside a JPEG of 640x360.

Fix: restore the image that was marked, or mark this one again.
"""

SEVERITY = "error"
