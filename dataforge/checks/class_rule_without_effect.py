"""A class that is to be dropped or merged, and does not occur.

What: --drop or --merge, or the same in a classes.toml, names a class that nothing is labelled with.

Why: most likely it is misspelt, and the class that was meant is still there.

Example: ``--drop peson``, where the label is ``person``.

Fix: correct the spelling, or leave the rule out.
"""

SEVERITY = "note"
