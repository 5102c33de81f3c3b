"""A JSON file that is no labelme file, and is passed over.

What: it is valid JSON without a list of ``shapes``.

Why: if it was meant to be read, its shapes are missing. A COCO file or somebody's settings in the
folder are nothing to worry about.

Example: ``classes.json`` beside the images.

Fix: none, if it is something else.
"""

SEVERITY = "note"
