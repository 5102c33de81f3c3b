"""JSON files that are no COCO files, and are passed over.

What: a ``.json`` file among the COCO files has no lists of images and categories, as a file of
captions, of results or of settings has none. It is said of the first, with the number.

Why: if it was meant to be read, its annotations are missing.

Example: ``results.json``, a list of predictions, beside ``instances_val.json``.

Fix: none, if it is something else; otherwise export it as COCO instances.
"""

SEVERITY = "note"
