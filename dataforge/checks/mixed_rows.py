"""Label files that have rows of boxes beside rows of outlines.

What: in one file some rows have 5 columns and others more than 6. Each is read as what it is.

Why: Ultralytics looks at the longest row of a file. It then takes a box's four numbers for an
outline of two points, so that its box is another one.

Example::

    0 0.5 0.5 0.2 0.3
    1 0.1 0.1 0.4 0.1 0.4 0.4

Fix: convert the dataset: rows are written all as boxes, or all as outlines by --segments.
"""

SEVERITY = "warning"
