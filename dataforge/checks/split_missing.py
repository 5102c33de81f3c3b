"""A split of data.yaml whose images are not there.

What: the path of ``train``, ``val`` or ``test`` is neither a folder nor a file, as it is written or
by the end of it.

Why: the split is read without these images. Ultralytics stops for train and val.

Example: ``test: ../test/images``, as Roboflow writes it also where it made no test split.

Fix: restore the folder, mend the path, or take the line out.
"""

SEVERITY = "warning"
