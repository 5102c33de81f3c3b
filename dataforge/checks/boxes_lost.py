"""Objects that a dataset class leaves out for no known reason.

What: objects are marked, of a class that is trained on, within their image, and by no rule of
mmdetection's to be left out; and yet the dataset does not hand them out.

Why: the detector is taught that they are background.

Example: a dataset class that takes the first object of each image alone.

Fix: compare the class's get_ann_info with the annotation of the image that is named.
"""

SEVERITY = "error"
