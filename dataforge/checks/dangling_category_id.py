"""An annotation of a category that the COCO file does not declare.

What: no entry of ``categories`` has the annotation's ``category_id``.

Why: its class is unknown: it is left out. mmdetection leaves it out without a word.

Example: categories from 1 to 3, and ``"category_id": 0`` from a tool that counts from 0.

Fix: declare the category, or mend the id. If all ids are off by one, all classes are wrong.
"""

SEVERITY = "error"
