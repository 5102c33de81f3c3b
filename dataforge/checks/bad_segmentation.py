"""A segmentation that is neither polygons nor a run-length mask.

What: ``segmentation`` is something else than a list of lists of numbers, or an object with ``size``
and ``counts``; or one of the lists holds what is no number.

Why: what cannot be read is left out; the box stays, where it is stated.

Example: ``"segmentation": [[10, 10, 30, 10, "30", null]]``.

Fix: export it again, or redraw it.
"""

SEVERITY = "warning"
