"""Images that stand in several splits, written once.

What: labelme has one file for an image and knows no splits; the image is in two of them with the
same shapes.

Why: the numbers of images and shapes in the output are smaller than the sum over the splits. And
the image is both trained on and evaluated on, which flatters.

Example: a.jpg is in train and in val.

Fix: mend the splits of the source.
"""

SEVERITY = "note"
