"""Shapes that are left out because their class is dropped.

What: --drop, or the same in a classes.toml, names their class. They are counted, the first one is
named.

Why: it was asked for; the number is to be known. Objects that are left out are background now, and
a detector is taught not to see them.

Example: ``--drop dontcare``: 42 shapes left out.

Fix: none.
"""

SEVERITY = "note"
