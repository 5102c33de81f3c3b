"""Objects that reach out of their image, cut to it.

What: YOLO's numbers go from 0 to 1, and Ultralytics leaves out an image for one number beyond. What
lies outside is cut off. They are counted, the first one is named.

Why: the boxes that are written are not those that were drawn, if only by what nobody can see.

Example: a box from x = 600 to 660 on an image of 640 pixels becomes one to 640.

Fix: none, where the marks are a few pixels over the edge; else see whether the sizes are right.
"""

SEVERITY = "warning"
