"""Images of a split manifest that are not in the folder.

What: the manifest names images that were not read now. They stay in it.

Why: if they come back they keep their side. If they were renamed, the same image counts as new, and
may come to the other side.

Example: 3 images of splits.json are not in data/.

Fix: none, where they were deleted; else give them their old names.
"""

SEVERITY = "note"
