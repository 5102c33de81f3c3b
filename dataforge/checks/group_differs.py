"""Shapes of one labelme group that say different things of their object.

What: shapes of one image with the same label and the same ``group_id`` are one object, but a
description, a score, a flag or another key has one value in one of them and another value in
another.

Why: an object has one value of each: the one that the first shape has is taken, the others are
left out. A number that two objects share by mistake shows in the same way, and makes them one.

Example: two cars with ``"group_id": 1``, described as "red" and as "blue".

Fix: give the shapes the same values, or another ``group_id`` where they are not one object; convert
with --no-group if none of them are.
"""

SEVERITY = "note"
