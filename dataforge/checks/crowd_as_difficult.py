"""Crowds that are written as difficult objects.

What: VOC knows no crowds. Trainers leave difficult objects alone likewise. They are counted.

Why: evaluation by VOC's rules treats the box of a crowd as one object that need not be found, and a
second detection in it counts as false, where COCO lets any number pass.

Example: ``"iscrowd": 1`` becomes ``<difficult>1</difficult>``.

Fix: none, if that is good enough; `dataforge coco filter --drop-crowd` leaves crowds out before.
"""

SEVERITY = "warning"
