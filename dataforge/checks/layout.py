"""Where the images, annotations and splits of a VOC dataset are, and how that was found.

What: one sentence for each folder or list that was taken, with its evidence.

Why: a folder that is not meant, such as thumbnails or a backup, makes every other number wrong.

Example: annotations: Annotations, 240 of 240 XML files have an image of their name there.

Fix: none, if it is right; a layout file, or --images, --annotations and --splits, says otherwise.
"""

SEVERITY = "note"
