"""Several files that describe a YOLO dataset.

What: more than one YAML file has ``names`` or ``nc``. The one that is nearest to the top, and is
called as usual, is taken.

Why: if it is the wrong one, the classes have wrong names and the splits other images.

Example: ``data.yaml`` and ``data_old.yaml``.

Fix: --data names the one that is meant; or remove the others.
"""

SEVERITY = "warning"
