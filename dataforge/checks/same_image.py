"""Images that several COCO files have with the same annotations.

What: files that are merged overlap. Such an image is written once.

Why: the numbers in the output are smaller than the sum over the files, and rightly so.

Example: 40 images are in the files before with the same 120 annotations.

Fix: none.
"""

SEVERITY = "note"
