"""Findings on the files of a folder, independent of their annotations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from dataforge.codes import code
from dataforge.errors import plural
from dataforge.findings import Finding, Place
from dataforge.io import MAX_NAME_BYTES, REGISTRATION, Root, is_image
from dataforge.layouts import Layout


def images_without_annotation(root: Root, layout: Layout) -> Iterator[Finding]:
    """Images in the layout's folders without an XML file."""
    if root.only is not None:
        return  # they may belong to other files of the folder
    splits = [*layout.splits] if layout.per_split else [""]
    rest = []
    for split in splits:
        ids = layout.annotation_ids(split, root.files())
        keys = {layout.key_of_id(split, id_).casefold() for id_, _ in ids}
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


def left_out(root: Root) -> Iterator[Finding]:
    """What is below a folder and not read; nothing if a single file was named."""
    if root.only is not None:
        return
    links, registered, dangling, too_long, unusable, closed = root.left_out()
    if links:
        name, target = links[0]
        yield code("link-leaves-folder").at(
            Place(name),
            f"{plural(len(links), 'link')} out of the folder (this is the first, to {target}): "
            "not read",
            "if you know where they lead, use --follow-links",
        )
    if closed:
        name, why = closed[0]
        yield code("link-leaves-folder").at(
            Place(name),
            f"{plural(len(closed), 'folder')} behind links out of the folder cannot be listed "
            f"(this is the first: {why}): not read",
            "let this user list them, or remove the links",
        )
    if registered:
        yield code("registered-folder").at(
            Place(registered[0]),
            f"{plural(len(registered), 'folder')} with the file {REGISTRATION} (this is the "
            "first): made by `dataforge register`, not read",
            "if it is part of the dataset, remove that file",
        )
    if dangling:
        name, target = dangling[0]
        yield code("dangling-link").at(
            Place(name),
            f"{plural(len(dangling), 'link')} to what does not exist (this is the first, to "
            f"{target}): not read",
            "copy the files that they are meant to lead to",
        )
    if unusable:
        yield code("unusable-key").at(
            Place(unusable[0]),
            f"{plural(len(unusable), 'object')} with a key that no file can have, or that is that "
            "of a folder, too (this is the first): not read",
            "rename them if they belong to the dataset",
        )
    for folder in too_long:
        yield code("name-too-long").at(
            Place(f"{folder[:MAX_NAME_BYTES]}..."),
            f"a folder whose path has {len(folder):,} characters cannot be opened: its files are "
            "not read",
            "rename or move the folders above it",
        )


def empty_files(root: Root) -> Iterator[Finding]:
    """The empty image files of a folder; none if a single file was named."""
    if root.only is not None:
        return
    for name in root.files():
        with suppress(OSError):  # it has been removed since it was listed
            if is_image(name) and root.exists(name) and not root.size(name):
                yield code("empty-file").at(Place(name), "the image file is empty", "restore it")
