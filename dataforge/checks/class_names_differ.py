"""Two files that name the classes of a YOLO dataset otherwise.

What: beside the file that is taken, data.yaml or the first list of names, there is a
``classes.txt``, ``obj.names`` or the like with other names, or the same in another order.

Why: a row holds a number alone. By the wrong list, every cat is a dog. labelImg writes a
classes.txt into the folder of labels, in the order in which the classes were first used there.

Example: data.yaml has ``names: [cat, dog]``, labels/classes.txt has ``dog``, ``cat``.

Fix: look at an image to find which is right, and remove the other file.
"""

SEVERITY = "warning"
