"""XML files that are not in the folder that the layout has for them.

What: the layout names one folder for annotations, given or found, and there are XML files
elsewhere. It is said of the first, with the number.

Why: they are not read. If they are a part of the dataset, that part is missing.

Example: ``Annotations/*.xml`` is read, and ``new_batch/*.xml`` is not.

Fix: move them, name the folder with --annotations, or check and convert theirs by itself.
"""

SEVERITY = "warning"
