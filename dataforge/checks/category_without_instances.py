"""A category of COCO files that nothing is marked with in any split, left out of the classes.

What: `dataforge register` takes the classes from the files' categories, and no annotation is of
this one.

Why: a detector would learn an output from nothing, and averages over the classes would count a
zero. Roboflow's exports have such a category, the supercategory.

Example: ``"categories": [{"id": 0, "name": "cells"}, {"id": 1, "name": "RBC"}]`` where all
annotations have ``"category_id": 1``.

Fix: none, if it is no class; else name all classes by --labels, which keeps it.
"""

SEVERITY = "note"
