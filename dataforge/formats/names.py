"""Names of images in an output that has its own folder for them."""

from __future__ import annotations

_FOLDERS = ("images", "jpegimages")


def below_images(file_name: str) -> str:
    """A path without leading folders that only say that they contain images.

    Otherwise each conversion would add one more such folder.

    >>> below_images("JPEGImages/cam1/a.jpg"), below_images("images/train/a.jpg")
    ('cam1/a.jpg', 'train/a.jpg')
    """
    while "/" in file_name and file_name.split("/", 1)[0].lower() in _FOLDERS:
        file_name = file_name.split("/", 1)[1]
    return file_name
