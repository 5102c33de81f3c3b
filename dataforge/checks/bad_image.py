"""An entry of a COCO file's images that is no object.

What: an item of the list ``images`` is a number, a text, a list or null.

Why: it names no image; annotations that are meant for it cannot be told and count as dangling.

Example: ``"images": ["a.jpg", "b.jpg"]``, a list of file names alone.

Fix: write ``{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}`` in its place.
"""

SEVERITY = "error"
