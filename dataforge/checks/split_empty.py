"""A split of a config that lists no image.

What: its annotation file is there and has no image.

Why: mmdetection trains on nothing, or stops when it asks for the first image.

Example: ``ann_file='ImageSets/Main/val.txt'``, an empty file.

Fix: name the right file, or make the splits anew by `dataforge split`.
"""

SEVERITY = "error"
