"""Images whose names --group-by does not match.

What: the expression finds nothing in some names. Each of these images is a group of its own.

Why: if they are frames of a video too, frames of it come to both sides.

Example: ``--group-by 'video(\\d+)_'`` and an image ``Video7-0001.jpg``.

Fix: make the expression match them, if they belong together.
"""

SEVERITY = "note"
