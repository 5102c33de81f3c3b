"""A head of a model that has another number of classes than the dataset.

What: ``num_classes`` of a part of the model that is built differs from the number of CLASSES. A
head that says nothing has mmdetection's default of 80.

Why: mmdetection stops at the first epoch, or, where the head has more, trains outputs that are
never right.

Example: num_classes is 80, but the dataset has 3 classes.

Fix: set it to the number of classes; mmdetection 2.x counts no background.
"""

SEVERITY = "error"
