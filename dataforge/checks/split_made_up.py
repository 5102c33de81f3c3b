"""A split that Ultralytics wants, for which another stands in.

What: data.yaml must have train and val, and the dataset lacks one or both: the images of train, or
of the only split, are named there.

Why: what is evaluated is what was trained on, so that the scores say how well it was learnt by
heart.

Example: ``train: images/all`` and ``val: images/all``.

Fix: --split train=0.8,val=0.2 makes both.
"""

SEVERITY = "warning"
