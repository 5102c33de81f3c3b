"""Several COCO files that are of the same split by their names.

What: two files or more are called after one split, or after none. Each is read as a split of its
own, with a name made of the file's.

Why: if they are parts of one split, what is written has more splits than were meant, and a training
takes one of them alone.

Example: ``train_part1.json`` and ``train_part2.json``.

Fix: make one file of them by `dataforge coco merge`, or move what is not meant out of the folder.
"""

SEVERITY = "note"
