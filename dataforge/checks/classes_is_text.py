"""A config whose classes are one text in place of a tuple.

What: ``classes``, or a dataset class's CLASSES, is a text that is no file's name: the comma that
makes a tuple of one name is missing.

Why: mmdetection takes the text for the name of a file with a class a line, or each letter for a
class.

Example: ``classes = ('cat')``.

Fix: write ``('cat',)``.
"""

SEVERITY = "error"
