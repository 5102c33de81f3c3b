"""An entry of a COCO file's annotations that is no object.

What: an item of the list ``annotations`` is a number, a text, a list or null.

Why: there is nothing in it to read: it is left out. pycocotools stops with a TypeError.

Example: ``"annotations": [{"id": 1, ...}, null]``, from a script that joined lists with gaps.

Fix: take the entry out, or restore what it was.
"""

SEVERITY = "error"
