"""An image that a COCO file lists twice.

What: two entries of ``images`` have the same id and the same file name. The first one counts.

Why: nothing is lost, as the annotations go to the one image. Elsewhere it counts twice: it is
trained on twice as often, and evaluated twice.

Example: two files were pasted together that both list ``a.jpg`` as 1.

Fix: take the second entry out; `dataforge coco filter IN.json OUT.json` does.
"""

SEVERITY = "warning"
