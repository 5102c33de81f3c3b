"""Objects of which --clip leaves nothing.

What: no part of the object is inside its image, so that cutting it to the image leaves none. It is
left out, and counted.

Why: most often it was drawn on another image, or on this one at another size.

Example: a box from x = 700 to 740 on an image of 640 pixels.

Fix: look at the object; if there are many, at the sizes of the images.
"""

SEVERITY = "warning"
