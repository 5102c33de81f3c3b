"""A number in a COCO file that is written as text, or in another form.

What: ``bbox``, ``area``, ``iscrowd``, ``width`` or ``height`` is a text that holds a number, such
as ``"12.5"``. It is read as that number.

Why: nothing is lost here. Others do not read it so: mmdetection and pycocotools stop in the midst
of an epoch, or compare texts.

Example: ``"width": "640"``, from a file that was made of a spreadsheet.

Fix: convert the file: numbers are written. `dataforge coco filter IN.json OUT.json` will do.
"""

SEVERITY = "warning"
