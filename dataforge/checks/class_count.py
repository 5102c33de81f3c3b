"""A data.yaml whose nc is not the number of its names.

What: ``nc`` and ``names`` disagree. The names are taken.

Why: Ultralytics refuses the file. And one of the two is old: a class was added or taken out, which
may have changed the numbers of others.

Example: ``nc: 2`` beside ``names: [cat, dog, bird]``.

Fix: look which is right; ``nc`` may be left out.
"""

SEVERITY = "warning"
