"""YOLO rows with keypoints, of which the boxes alone are read.

What: data.yaml has ``kpt_shape``, and rows have so many numbers after their box.

Why: the keypoints are not in what is written; the boxes are complete.

Example: ``kpt_shape: [17, 3]`` and rows of 56 columns.

Fix: none, for a detector.
"""

SEVERITY = "note"
