"""A COCO file that lacks categories which another file of the dataset has.

What: the files, mostly one for each split, do not declare the same categories.

Why: here they are united by name. A trainer that reads each file by itself gets another number of
classes from each, and labels that do not mean the same.

Example: train.json has ``cat, dog, bird``; val.json has ``cat, dog``, as no bird is in it.

Fix: declare all categories in every file, in one order, as dataforge writes them.
"""

SEVERITY = "note"
