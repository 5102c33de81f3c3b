"""A row of a YOLO label file that cannot be an object.

What: it has not 5 columns (class, box) nor 7, 9, ... (class, points); a column is no number; the
class is no whole number, or has no name; the width or height is negative; or a coordinate is so far
from 0 to 1 that it must be in pixels.

Why: the row is left out, and counted. Ultralytics leaves out the whole image, with all of its good
rows, and says so in a line of its log.

Example: ``0 320 240 50 80``: a box in pixels.

Fix: mend the row, or drop it. If all rows are in pixels, divide them by the images' sizes.
"""

SEVERITY = "error"
