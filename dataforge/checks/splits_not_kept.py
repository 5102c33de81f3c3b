"""Splits that labelme does not know: all are in one folder.

What: the source has several splits, and labelme has a file beside each image and nothing else.

Why: which image is in which split cannot be told from what is written.

Example: labelme knows no splits: train, val are in one folder.

Fix: `dataforge split` keeps a manifest of its own; or convert each split by itself.
"""

SEVERITY = "note"
