"""An object of which nothing is left inside its image.

What: YOLO's numbers go from 0 to 1; cut to the image, the object has no width or no height. It is
left out, and counted.

Why: Ultralytics refuses such a row and the image with it. Most often the object was drawn on
another image.

Example: a box from x = 700 to 740 on an image of 640 pixels.

Fix: redraw the object, or drop it.
"""

SEVERITY = "error"
