"""A split of which no object is left.

What: after mmdetection's own rules no box of any class remains, or nothing is marked at all.

Why: without boxes nothing is learnt and nothing measured, and the training runs all the same.

Example: no ground truth is left of 900 objects (900 of no class).

Fix: the reasons are counted: mostly the classes are spelt otherwise than in the files, or every
object is difficult or a crowd.
"""

SEVERITY = "error"
