"""An object that is marked difficult, and left out as the layout wants.

What: the layout has ``difficult = "drop"``, or --difficult drop was given.

Why: it was asked for; the number is to be known. In evaluation, an object that is left out turns a
right detection into a false one, where ``ignore`` would count neither.

Example: ``<object><name>cat</name><difficult>1</difficult>...``.

Fix: none; ``keep`` trains on them, ``ignore`` hands them to mmdetection as boxes to be ignored.
"""

SEVERITY = "note"
