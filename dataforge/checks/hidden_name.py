"""An image whose name, or folder, begins with a dot.

What: such names are hidden. Who lists folders passes over them, as dataforge and Ultralytics do;
who opens what a list names does not, as mmdetection and pycocotools. It is a note where one file
names all images (COCO), else a warning.

Why: the same dataset has fewer images for one program than for another.

Example: ``.trash/0007.jpg`` in a COCO file, or ``images/.0007.jpg``.

Fix: rename what begins with a dot, or leave it out of the source.
"""

SEVERITY = "warning"
