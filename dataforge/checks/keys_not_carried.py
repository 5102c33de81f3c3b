"""Keys of the source's own format that the output format has no place for.

What: the dataset, its classes, images or objects have keys that only the format they were read
from knows. They are counted, each of the four apart, and the first five are named.

Why: they are not in what is written, and reading it back does not bring them back.

Example: 240 images with keys that only another format knows: VOC has no place for them (license,
date_captured).

Fix: none, if nobody needs them; the format that they come from holds them.
"""

SEVERITY = "note"
