"""A registered dataset that is evaluated on what it is trained on.

What: the dataset has one split, which stands for train, val and test in the generated config.

Why: the scores say how well the images were learnt by heart, and nothing of new ones.

Example: `dataforge register labelme --root data/` without --split.

Fix: --split train=0.8,val=0.2 makes two; of a COCO file, convert with it, or name two by --splits.
"""

SEVERITY = "warning"
