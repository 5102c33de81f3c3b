"""Findings on the files of a folder, independent of their annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.io import MAX_NAME_BYTES, Root, is_image
from dataforge.layouts import Layout


def images_without_annotation(root: Root, layout: Layout) -> Iterator[Finding]:
    """Images in the layout's folders without an XML file."""
    if root.only is not None:
        return  # they may belong to other files of the folder
    splits = [*layout.splits] if layout.per_split else [""]
    rest = []
    for split in splits:
        ids = (layout.annotation_id(split, name) for name in root.files())
        keys = {layout.key_of_id(split, id_).casefold() for id_ in ids if id_ is not None}
        for name in root.files():
            key = layout.image_key(split, name) if is_image(name) else None
            if key is not None and key.casefold() not in keys:
                rest.append(name)
    if rest:
        yield code("image-without-annotation").at(
            Place(rest[0]),
            f"{plural(len(rest), 'image')} without an XML file (this is the first): not used",
            "annotate them; an image without objects requires an XML file without objects",
        )


def empty_files(root: Root) -> Iterator[Finding]:
    """The empty image files of a local folder; none if a single file was named."""
    if root.remote or root.only is not None:
        return
    for name in root.files():
        if is_image(name) and root.exists(name) and not os.path.getsize(root.path / name):
            yield code("empty-file").at(Place(name), "the image file is empty", "restore it")


def too_long(root: Root) -> Iterator[Finding]:
    """The folders that cannot be opened because their paths are too long."""
    root.files()  # which finds them
    for folder in root.too_long:
        yield code("name-too-long").at(
            Place(f"{folder[:MAX_NAME_BYTES]}..."),
            f"a folder whose path has {len(folder):,} characters cannot be opened: its files are "
            "not read",
            "rename or move the folders above it",
        )
