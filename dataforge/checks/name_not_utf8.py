"""A file whose name is not UTF-8.

What: the name of an annotation file or of its image has bytes in another encoding, as archives from
old systems leave them. The image is left out, and its shapes are counted.

Why: neither JSON nor XML can hold such a name, so that no trainer would find the image.

Example: ``caf\\xe9.jpg``, an é in Latin-1.

Fix: rename both files; ``convmv -f latin1 -t utf8 --notest`` does it for many.
"""

SEVERITY = "error"
