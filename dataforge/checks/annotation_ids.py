"""Annotations of a COCO file that have no id, or that of another one.

What: an ``id`` of an annotation is missing, is neither number nor text, or came before. It is told
once for each file, with the number.

Why: nothing is lost here, as all ids are given anew. But pycocotools keeps annotations by their
ids: of two with one id it evaluates one twice and the other not at all, and without an id it stops.

Example::

    "annotations": [{"id": 1, "image_id": 1, ...}, {"id": 1, "image_id": 2, ...}]

Fix: number them anew; `dataforge coco filter IN.json OUT.json` does.
"""

SEVERITY = "warning"
