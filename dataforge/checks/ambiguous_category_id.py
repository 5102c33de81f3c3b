"""A category id that two categories of a COCO file have.

What: two entries of ``categories`` have one id and different names. It is said of the second entry,
and of each annotation with that id.

Why: nobody can tell which of the two an annotation means: it is left out, and counted. pycocotools
takes the last entry without a word, so that all cats may become dogs.

Example::

    "categories": [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}]

Fix: give each category an id of its own, and the annotations theirs. If the file was pasted
together from two, merge those two by `dataforge coco merge` in its place.
"""

SEVERITY = "error"
