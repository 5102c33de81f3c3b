"""A line that is no box.

What: the reader of Acme's files cannot read a line.

Why: its object is lost.

Example: ``cat 10 12``.

Fix: mend the line.
"""

GROUP = "acme"
SEVERITY = "error"
