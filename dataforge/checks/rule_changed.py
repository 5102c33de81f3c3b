"""A split that is asked for in another way than the manifest was made.

What: the manifest says how its images were shared out, and --ratios, --seed, --group-by or
--stratify say otherwise. What is asked for holds for new images.

Why: images that are in a manifest never change sides, so that the whole may be far from the new
ratios.

Example: ratios was {'train': 0.8, 'val': 0.2}.

Fix: none; to draw all anew, remove the file.
"""

SEVERITY = "note"
