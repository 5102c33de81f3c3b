"""A class of the config that is no category of its COCO file.

What: ``CLASSES`` has a name that is not among the names in ``categories``, after aliases.

Why: mmdetection asks the file for the ids of its names and gets fewer than there are classes:
labels after the missing one mean the next class, or all boxes are left out. An AP of 0.000 is the
most common sign.

Example: ``classes=('cat', 'dog')`` and the categories ``Cat`` and ``dog``.

Fix: give the class and the category one spelling.
"""

SEVERITY = "error"
