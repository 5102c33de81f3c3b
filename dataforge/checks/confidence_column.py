"""YOLO rows with a sixth column.

What: rows are ``class cx cy w h score``, as detectors write their predictions. The score is kept as
an attribute. It is told once, with the number.

Why: these are not labels that somebody drew, but guesses: a network that is trained on them learns
the other's mistakes. And Ultralytics refuses six columns.

Example: ``0 0.5 0.5 0.2 0.3 0.87``.

Fix: make sure that they were looked through; `dataforge convert yolo2coco` reads them as boxes.
"""

SEVERITY = "warning"
