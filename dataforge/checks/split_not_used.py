"""A split of the dataset that the generated config does not use.

What: a config trains on one split and evaluates on two. The dataset has others.

Why: their images are of no use yet, which may be half of the data.

Example: the splits are train, val, test and extra: extra is not used.

Fix: none, or add it to the dataset fragment; a list of files trains on several.
"""

SEVERITY = "note"
