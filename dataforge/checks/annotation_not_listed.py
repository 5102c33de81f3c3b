"""Annotation files that no split lists.

What: the dataset has lists or folders for its splits, and there are XML files, or label files of
images, that are in none. It is said of the first, with the number.

Why: they are not read. New images that were added to the folder but not to the lists are never
trained on.

Example: ``Annotations/0099.xml``, which neither train.txt nor val.txt names.

Fix: add their ids to a list; `dataforge split` makes new splits of all.
"""

SEVERITY = "note"
