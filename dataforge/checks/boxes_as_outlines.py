"""Objects without an outline, written as the four corners of their boxes.

What: --segments writes outlines, and for these objects only the box is known. They are counted.

Why: a segmentation network is taught that they are rectangles.

Example: half of the objects are polygons, and the rest were drawn as rectangles.

Fix: draw outlines, leave these objects out, or train a detector without --segments.
"""

SEVERITY = "note"
