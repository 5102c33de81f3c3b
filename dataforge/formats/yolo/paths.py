"""The label file of an image, by Ultralytics' rule (``img2label_paths``)."""

from __future__ import annotations

from dataforge.io import stem


def label_path(image: str) -> str:
    """The label file of an image: the last ``images`` of its folders is replaced.

    >>> label_path("images/train/a.b.jpg"), label_path("x/images/cam1/images/a.jpg")
    ('labels/train/a.b.txt', 'x/images/cam1/labels/a.txt')
    """
    return f"{_with_folder(stem(image), 'images', 'labels')}.txt"


def image_stem(label: str) -> str:
    """The path of a label file's image, without extension."""
    return _with_folder(stem(label), "labels", "images")


def _with_folder(path: str, old: str, new: str) -> str:
    before, slash, after = f"/{path}".rpartition(f"/{old}/")
    return f"{before}/{new}/{after}"[1:] if slash else path
