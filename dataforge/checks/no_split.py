"""A config without one of its splits.

What: ``data`` has no ``train``, ``val`` or ``test``. It is a warning for val and test.

Why: mmdetection's train.py evaluates on data.val after each epoch, and test.py on data.test: it
stops there.

Example: ``data = dict(train=dict(...))``.

Fix: add the split.
"""

SEVERITY = "error"
