"""Images that the split manifest does not know.

What: --split names a manifest, and images of the dataset are not in it. They are left out, and
their shapes are counted.

Why: they were added after the manifest was written, or it was made of another folder: then all are
missing.

Example: 12 images are not in splits.json.

Fix: `dataforge split SRC --out FILE` adds new images, and moves none.
"""

SEVERITY = "error"
