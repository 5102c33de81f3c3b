"""What is known about COCO files before they are read."""

from __future__ import annotations

from contextlib import closing
from functools import partial

from dataforge.formats.coco.file import NotCocoError, document_of
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io import MAX_COCO_BYTES, Root


def recognise(texts: Texts) -> Recognised:
    """JSON files with images and categories."""
    more = f" and {len(texts.coco) - 4:,} more" if len(texts.coco) > 4 else ""
    return Recognised(
        len(texts.coco), f"images and categories in {', '.join(texts.coco[:4])}{more}"
    )


def image_names(root: Root, name: str) -> list[str] | None:
    """The file names of the images that a COCO file lists; None if it is other JSON.

    Raises:
        ParseError: it cannot be read, with the place.
    """
    try:
        look = partial(root.look, name, MAX_COCO_BYTES)
        document = document_of(root, name, look, whole=False)
    except NotCocoError:
        return None
    with closing(document):
        return document.names
