"""A YOLO dataset without names for its classes.

What: there is no data.yaml with ``names``, and no classes.txt. The classes are called class_0,
class_1, and so on, up to ``nc`` or the highest number that occurs.

Why: what is written has these names, and another dataset's class_0 is another thing.

Example: a folder of images and labels, and nothing else.

Fix: add a classes.txt with a name a line in the order of the numbers, or ``names`` to data.yaml.
"""

SEVERITY = "warning"
