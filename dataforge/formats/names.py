"""What images are called in an output that has a folder of its own for them."""

from __future__ import annotations

_FOLDERS = ("images", "jpegimages")


def below_images(file_name: str) -> str:
    """A path without the folders in front that only say that images are in them.

    Otherwise each conversion would put one more such folder around them.

    >>> below_images("JPEGImages/cam1/a.jpg"), below_images("images/train/a.jpg")
    ('cam1/a.jpg', 'train/a.jpg')
    """
    while "/" in file_name and file_name.split("/", 1)[0].lower() in _FOLDERS:
        file_name = file_name.split("/", 1)[1]
    return file_name
