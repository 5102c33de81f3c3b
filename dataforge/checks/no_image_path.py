"""A labelme file that does not name its image.

What: ``imagePath`` is missing, empty or null. The image of the JSON's own name beside it is taken.

Why: where there is no such image, the shapes cannot be used. labelme does not open the file.

Example: ``{"version": "5.4.1", "shapes": [...], "imagePath": null}``.

Fix: write the image's path, relative to the JSON file.
"""

SEVERITY = "warning"
