"""An entry of a COCO file's categories without a name.

What: an item of ``categories`` is no object, or its ``name`` is missing, empty, or neither text nor
number.

Why: the annotations of this category have no class: they are left out, each with a finding.

Example: ``"categories": [{"id": 1, "label": "cat"}]``, where the key is called otherwise.

Fix: write the name under ``name``.
"""

SEVERITY = "error"
