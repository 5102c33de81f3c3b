"""Images that no labelme file speaks of.

What: images lie in the folder, and no JSON file belongs to them.

Why: they are neither trained on nor evaluated on. If they were marked, the files are lost; if they
show nothing, they could serve as background.

Example: ``0007.jpg`` without ``0007.json``.

Fix: mark them; one that shows nothing is saved in labelme without any shape.
"""

SEVERITY = "note"
FORMATS = ("labelme",)
