"""Classes that labelme cannot name, as nothing is marked with them.

What: the source declares classes without any shape, and labelme names those of its shapes alone.
They are counted, and the first five are named.

Why: read back, they are gone, and the numbers of the classes after them change.

Example: 1 class with nothing marked: labelme names those of its shapes alone (bicycle).

Fix: none, if nobody needs them; else give the list by --labels where the files are read.
"""

SEVERITY = "note"
