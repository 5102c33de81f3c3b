"""A file that could not be read for all checks.

What: the reader could use the file, but a check of the file itself could not: it is gone or was
changed since, or a part that the reader does not need is broken.

Why: what those checks would have found is not known.

Example: an annotation file that another program saves while it is checked.

Fix: mend the file, and run the check again while nobody writes it.
"""

SEVERITY = "warning"
