"""A model of a config that mmdetection cannot build.

What: mmdetection's builder raises an error for ``model``.

Why: the training would stop with the same error.

Example: KeyError: 'ResNett is not in the models registry'.

Fix: mend what the error names: a misspelt type, an argument that it does not have, or a module that
must be in ``custom_imports``.
"""

SEVERITY = "error"
