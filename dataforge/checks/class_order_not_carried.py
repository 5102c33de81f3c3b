"""Classes whose order labelme has no place for.

What: labelme names the class of each shape, and has no list of classes. Read back, they are sorted.

Why: a class's number is its place in that order. A model trained with the one order gives the wrong
names with the other.

Example: the classes person, face are read back as face, person.

Fix: convert or register what is read back with the list, by --labels.
"""

SEVERITY = "note"
