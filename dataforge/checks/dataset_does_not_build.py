"""A dataset of a config that mmdetection cannot build.

What: mmdetection's builder raises an error for ``data.train``, ``data.val`` or ``data.test``.

Why: the training would stop with the same error, a minute after it was started.

Example: FileNotFoundError: 'annotations/train.json'.

Fix: mend what the error names: mostly a path, relative to where the training is started, or a type
that nothing has registered.
"""

SEVERITY = "error"
