"""A line of a list of images that is none of the COCO file's.

What: `dataforge coco subset --list` was given a list, and one of its lines is neither the name of
an image, nor that without its extension or folders, or is the name of several.

Why: the image is not in the subset, which is smaller than was wanted.

Example: no image is called 'img_0007'.

Fix: mend the line.
"""

SEVERITY = "error"
