"""Splits of a config that have other classes than train.

What: the datasets of train, val and test, or the parts of a ConcatDataset, have different CLASSES,
or the same in another order.

Why: labels are numbers: 1 is a dog in the one and a cat in the other. The detector is evaluated, or
even taught, on swapped names.

Example: ``classes`` is set in ``data.train`` and forgotten in ``data.val``.

Fix: write ``classes`` once and use it in all of them.
"""

SEVERITY = "error"
