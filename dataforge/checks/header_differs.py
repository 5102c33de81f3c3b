"""COCO files that say different things of the dataset as a whole.

What: ``info``, ``licenses``, another key of the file, or what it says of a category beside its name
differs from the files before it.

Why: one output can say one thing: what is said first is kept. It matters where images point to a
license by its number.

Example: ``"info": {"year": 2019}`` in train.json and ``"info": {"year": 2020}`` in val.json.

Fix: none is needed, unless the second is the right one; then make them the same.
"""

SEVERITY = "note"
