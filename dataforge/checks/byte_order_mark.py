"""A COCO file that begins with a byte order mark.

What: the first three bytes are EF BB BF, as Windows' editors and PowerShell write them before
UTF-8. It is read without them.

Why: JSON begins with no such mark. pycocotools and mmdetection stop with a JSONDecodeError:
"Unexpected UTF-8 BOM".

Example: a file that was opened in Notepad and saved as "UTF-8 with BOM".

Fix: save it as UTF-8 without the mark; `dataforge coco filter FILE OUT` does.
"""

SEVERITY = "error"
