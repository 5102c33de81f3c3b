"""A line of a split file that has no annotation file.

What: a list such as ``ImageSets/Main/train.txt`` names an id, and there is no XML file of that name
in the folder of annotations.

Why: the image is left out here; mmdetection stops with a FileNotFoundError when it loads the split.

Example: ``train.txt`` lists ``0007``, and ``Annotations/0007.xml`` is not there.

Fix: restore the XML file, or take the line out. An image in which nothing is to be seen needs an
XML file without objects.
"""

SEVERITY = "error"
