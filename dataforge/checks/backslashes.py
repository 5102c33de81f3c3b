"""COCO file names with backslashes.

What: ``file_name`` parts folders by backslashes, as a program on Windows writes it. It is read with
slashes, and told once for each file, with the number.

Why: elsewhere a backslash is a letter of the name: a trainer on Linux stops with
FileNotFoundError, though the image is there.

Example: ``"file_name": "camera_a\\\\0007.jpg"``.

Fix: `dataforge coco filter FILE OUT` writes them with slashes.
"""

SEVERITY = "error"
