"""A class without a single box that is trained on or evaluated against.

What: of this class nothing is left in a split, after mmdetection's own rules. It is an error for
train, and where a label of nearly the same name is there.

Why: in train it is never learnt. In val nothing tells whether it is.

Example: no box of the class 'dog' (0 are marked); the data have 'dogs'.

Fix: correct the spelling, see why its boxes are dropped, or take it out of the classes.
"""

SEVERITY = "error"
