"""Objects that have the label and group_id of another object of the image.

What: read from labelme they would become one object, so that the second is written without its
group_id. They are counted, the first one is named.

Why: the number is gone from one of them. That is harmless, unless it is a track's number.

Example: two cars that both have ``"group_id": 1`` in a file that was read by --no-group.

Fix: none, if the number means nothing.
"""

SEVERITY = "note"
