"""An image whose width and height are swapped in the annotations.

What: the width in the annotation file is the image's height, and the other way around, and no EXIF
orientation explains it (if one does: exif-frame).

Why: either a tool wrote the two in the wrong order and the boxes are right, or the image was turned
after it was marked and all of them are in the wrong place. mmdetection believes the annotation
file: it clips boxes to the wrong frame, or drops them.

Example: ``<size><width>480</width><height>640</height></size>`` beside an image of 640x480.

Fix: look at some boxes on the image. If they fit, swap the numbers; else turn the image back.
"""

SEVERITY = "error"
