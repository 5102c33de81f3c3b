"""A segmentation that is one list of numbers, where COCO has a list of lists.

What: ``segmentation`` holds the numbers of one ring without the list around it.

Why: it is read as that ring. pycocotools stops, or takes each number for a polygon.

Example: ``"segmentation": [10, 10, 30, 10, 30, 30]``.

Fix: write ``[[10, 10, 30, 10, 30, 30]]``; `dataforge coco filter IN.json OUT.json` does.
"""

SEVERITY = "warning"
