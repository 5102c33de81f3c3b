"""Shapes whose label is none of the classes.

What: the classes are given, by --labels, a layout or a config, and a label is none of them nor an
alias. All shapes of it are left out, and counted, unless --unknown says otherwise. In a training
config, objects in the files are of a name that CLASSES does not have.

Why: they are background now: the detector is taught not to see them. mmdetection leaves them out
without a word, and one misspelt class in a config can leave out all.

Example: the classes are ``cat, dog``, and 12 shapes are labelled ``cst``.

Fix: correct the label, or add an alias for it; --unknown add makes a class of it, ignore is quiet.
"""

SEVERITY = "error"
