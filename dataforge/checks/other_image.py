"""Images left out of a subset.

What: `dataforge coco subset` takes so many images, or those of a list. The rest are counted, with
their annotations.

Why: it was asked for; the numbers are to be known.

Example: 900 images with 7,310 annotations left out as asked.

Fix: none.
"""

SEVERITY = "note"
