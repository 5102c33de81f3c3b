"""Splits that are the same images.

What: data.yaml names the same images for two splits, or for all. They are read as one split.

Why: Ultralytics wants a ``val`` and many write the same folder there. What is evaluated is then
what was trained on, and a score near 1 says nothing.

Example: ``train: images`` and ``val: images``.

Fix: --split train=0.8,val=0.2 makes two of them.
"""

SEVERITY = "note"
