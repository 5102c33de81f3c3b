"""Files of an earlier registration, for which the dataset was read in another way.

What: the folder holds configs or classes of another framework, another detector or an older list
of images, and what they share with this registration (``annotations.py``: classes, coordinates,
which boxes are left out) is written anew and differs. They stay as they stood then.

Why: they now train with this registration's classes and the numbers of the earlier one: a config
with ``num_classes=3`` beside four classes.

Example: 3 files (this is the first) of an earlier registration left as it stood then:
``configs/mmdet2/parts/faster_rcnn_r50_fpn_parts.py``.

Fix: register for all frameworks in one run (--framework mmdet2,mmdet3), or take the earlier one
back first (dataforge unregister).
"""

SEVERITY = "warning"
