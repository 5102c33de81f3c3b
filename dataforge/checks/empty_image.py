"""Images left out because nothing is marked in them.

What: `dataforge coco filter --drop-empty` was asked to. They are counted, after the other filters.

Why: images without objects teach what is background: without them a detector finds more that is
not there.

Example: images with nothing marked left out as asked: 120.

Fix: none; leave --drop-empty out to keep them.
"""

SEVERITY = "note"
