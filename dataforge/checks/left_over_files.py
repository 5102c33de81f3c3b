"""Files of an older output, among those that are written.

What: a folder that the images go to holds files that are none of this dataset's. They stay where
they are, and the first five are named. It is a note where a file says which images there are
(COCO, VOC), else a warning.

Why: who lists that folder takes them for images of the dataset: Ultralytics trains on one without
a text file as on one that shows nothing.

Example: 3 files in images/train (c.jpg, d.jpg, e.jpg): there before and none of this dataset's.

Fix: remove them, or write to a new folder.
"""

SEVERITY = "warning"
