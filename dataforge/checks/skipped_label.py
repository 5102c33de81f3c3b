"""Shapes whose label means no object.

What: labelme's ``__ignore__`` and ``_background_``, and the labels that --skip or the layout names,
such as ``none`` in HumanParts. They are left out, and counted.

Why: it was asked for; the number is to be known.

Example: ``<name>none</name>``.

Fix: none.
"""

SEVERITY = "note"
