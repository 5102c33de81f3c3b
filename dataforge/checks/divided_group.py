"""Groups that an older manifest has on both sides.

What: --group-by keeps images of one group together, but the manifest that is added to had put some
of them into train and some into val before. An image that is in a manifest never changes sides.

Why: frames of one video are alike: what is evaluated on has been trained on.

Example: video7 has 30 frames in train and 4 in val.

Fix: remove the manifest and draw all anew, if old scores need not be compared.
"""

SEVERITY = "warning"
