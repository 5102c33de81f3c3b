"""The XML files and images of a folder, paired according to a `Layout`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from dataforge.codes import code
from dataforge.findings import Place
from dataforge.formats.base import Part
from dataforge.io import Root, by_likeness, is_image, last_part, stem
from dataforge.layouts import Layout, resolved_reference
from dataforge.layouts import listed_ids as ids_in_list


def split_names(layout: Layout) -> list[str | None]:
    """The splits; None is the single split of all files."""
    return [*layout.splits] or [None]


def annotations_of_splits(root: Root, layout: Layout) -> dict[str | None, dict[str, str]]:
    """Split -> id -> path of every XML file below its annotation folder.

    Splits with the same folder share one dictionary.
    """
    by_folder: dict[str, dict[str, str]] = {}
    found: dict[str | None, dict[str, str]] = {}
    for split in split_names(layout):
        folder = layout.folders(split or "")[1]
        if folder not in by_folder:
            by_folder[folder] = dict(layout.annotation_ids(split or "", root.files()))
        found[split] = by_folder[folder]
    return found


def listed_ids(
    root: Root, layout: Layout, annotations: Mapping[str | None, Mapping[str, str]]
) -> dict[str | None, list[str]]:
    """Split -> ids, relative to the folder of the XML files; None is the single split of all files.

    Args:
        root: the folder of the layout.
        layout: where the files are.
        annotations: of `annotations_of_splits`.

    Raises:
        InputError: a split file does not exist.
    """
    if layout.per_split and "{split}" not in layout.annotations:
        return _ids_by_image(root, layout, annotations)
    if not layout.splits or layout.per_split:
        return {split: sorted(ids) for split, ids in annotations.items()}
    return {split: ids_in_list(root, layout, split) for split in layout.splits}


def _ids_by_image(
    root: Root, layout: Layout, annotations: Mapping[str | None, Mapping[str, str]]
) -> dict[str | None, list[str]]:
    """Split -> the ids whose image is in the split's folder: all splits share the XML files."""
    images = images_of_splits(root, layout)
    return {
        split: sorted(id_ for id_ in ids if images[split].has(layout.key_of_id(split or "", id_)))
        for split, ids in annotations.items()
    }


def image_index(root: Root, layout: Layout, split: str | None) -> dict[str, str]:
    """`Layout.image_key` -> path of every image below the split's image folder.

    The key is the id, unless the layout pairs by name; the first extension takes precedence.
    """
    rank = {extension: i for i, extension in enumerate(layout.extensions)}
    images = [name for name in root.files() if is_image(name) and _extension(name) in rank]
    images.sort(key=lambda name: (rank[_extension(name)], name), reverse=True)
    keys = ((layout.image_key(split or "", name), name) for name in images)
    return {key: name for key, name in keys if key is not None}


def _extension(name: str) -> str:
    return name[len(stem(name)) :].lower()


class Listed(NamedTuple):
    """An id of a split.

    Attributes:
        split: None is the single split of all files.
        id: as in the layout.
        path: of its XML file; empty if there is none.
        first: whether no earlier split lists the same file.
    """

    split: str | None
    id: str
    path: str
    first: bool


class Images:
    """The images of a split.

    Args:
        root: the dataset's folder.
        layout: where things are in it.
        split: whose images.

    Attributes:
        by_key: see `image_index`.
    """

    def __init__(self, root: Root, layout: Layout, split: str | None) -> None:
        self.by_key = image_index(root, layout, split)

    def has(self, key: str) -> bool:
        """Whether there is an image with a key, in any case."""
        return key in self.by_key or key.casefold() in self.folded

    @cached_property
    def folded(self) -> dict[str, str]:
        """Case-folded key -> path; few datasets need it."""
        return {key.casefold(): name for key, name in self.by_key.items()}


def images_of_splits(root: Root, layout: Layout) -> dict[str | None, Images]:
    """Split -> its images; splits with the same folders share one object."""
    by_folders: dict[tuple[str, str], Images] = {}
    found: dict[str | None, Images] = {}
    for split in split_names(layout):
        folders = layout.folders(split or "")
        if folders not in by_folders:
            by_folders[folders] = Images(root, layout, split)
        found[split] = by_folders[folders]
    return found


def _missing_name(expected: str, filename: str) -> str:
    """The path of a missing image: with the extension of its <filename>, if that has the name."""
    last = last_part(filename.replace("\\", "/"))
    if is_image(last) and stem(last) == last_part(expected):
        return expected + last[len(stem(last)) :]
    return f"{expected}.jpg"


class ImageFinder:
    """Finds the image of an XML file.

    Args:
        root: the folder of the layout.
        layout: where the files are.
        keep: return the name of a missing image if its size is known.
    """

    def __init__(self, root: Root, layout: Layout, *, keep: bool) -> None:
        self._root = root
        self._layout = layout
        self._keep = keep
        self._images = images_of_splits(root, layout)

    def named(self, like: str) -> list[str]:
        """The images whose names are `alike`."""
        return self._alike.get(like, [])

    @cached_property
    def _alike(self) -> dict[str, list[str]]:
        return by_likeness(filter(is_image, self._root.files()))

    def find(self, listed: Listed, filename: str, has_size: bool) -> Part[str | None]:
        """Returns the image's path, None if there is none.

        Args:
            listed: the XML file.
            filename: its <filename>.
            has_size: whether it states the image size.
        """
        layout, images, path = self._layout, self._images[listed.split], listed.path
        self._root.trace.ask(f"{layout.key_of_id(listed.split or '', listed.id)}.jpg")
        if layout.lookup == "filename" and (by_name := self._by_name(listed, filename)):
            return by_name
        key = layout.key_of_id(listed.split or "", listed.id)
        by_id = images.by_key.get(key)
        if by_id is not None:
            last = last_part(filename.replace("\\", "/"))
            own = last_part(listed.id).strip()
            if last and own not in (last, stem(last)):
                yield code("filename-disagrees").at(
                    Place(path, "filename"),
                    f"is {filename!r}, but {by_id} has the name of the XML file and is used",
                    "set lookup = 'filename' in the layout to use <filename>",
                )
            return by_id
        if by_name := self._by_name(listed, filename):
            return by_name
        by_case = images.folded.get(key.casefold())
        if by_case is not None:
            yield code("case-differs").at(
                Place(path),
                f"the name of its image {by_case} differs in case",
                "rename one of the two: other tools on Linux do not find the image",
            )
            return by_case
        kept = self._keep and has_size
        folder, own_id = layout.image_place(listed.split or "", path)
        expected = own_id if folder in ("", ".") else f"{folder.rstrip('/')}/{own_id}"
        yield code("image-missing").at(
            Place(path),
            f"no image {expected} with any of {', '.join(layout.extensions)}"
            + ("; its objects are kept" if kept else ""),
            "restore the image"
            + (", or skip its annotations with --missing-images skip" if kept else ""),
        )
        return _missing_name(expected, filename) if kept else None

    def _by_name(self, listed: Listed, filename: str) -> str | None:
        """The image that <filename> names, whose extension may be another one, or left out."""
        folder, _ = self._layout.image_place(listed.split or "", listed.path)
        wanted = resolved_reference(folder, filename) if filename else None
        if not wanted or self._root.exists(wanted):
            return wanted
        name = wanted if is_image(wanted) else f"{wanted}.jpg"
        self._root.trace.ask(name)
        key = self._layout.image_key(listed.split or "", name)
        return None if key is None else self._images[listed.split].by_key.get(key)
