"""Class names that differ only in case, spaces or the form of a letter.

What: two labels are the same when case, spaces, full-width and composed letters are set aside, and
count as two classes, as no list of classes says which is meant.

Why: one class is taught as two, each with fewer examples, and the detector is punished for saying
the other.

Example: ``Cat`` (310 shapes) and ``cat`` (2 shapes).

Fix: correct the labels, or let --merge, an alias or --ignore-case make them one.
"""

SEVERITY = "warning"
