"""Keys of the source's own format that labelme has no place for.

What: objects or images have keys that only their source's format knows. They are counted by name.

Why: they are not in what is written, and reading it back does not bring them back.

Example: keys that only the source's format knows are not written: license (240), keypoints (31).

Fix: none, if nobody needs them.
"""

SEVERITY = "note"
