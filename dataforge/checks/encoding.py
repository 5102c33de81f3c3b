"""A file that is not UTF-8.

What: a JSON file is in UTF-16 or GB18030, as labelme wrote it on Chinese Windows. It is read so.

Why: bytes of another encoding may be valid GB18030 by chance: then labels read as other letters.
Most tools refuse such a file, or make a class of garbled letters from it.

Example: the label ``人`` as the bytes C8 CB.

Fix: look whether the class names read well, then save the file as UTF-8.
"""

SEVERITY = "warning"
