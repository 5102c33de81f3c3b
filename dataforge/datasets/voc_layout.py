"""Finds the layout of a folder of XML files and images: its folders, then its splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dataforge.datasets.found_layout import FoundLayout, naming_folders
from dataforge.datasets.looks import Looks
from dataforge.datasets.pair_folders import find_folders
from dataforge.datasets.recognise import foreign_xml, instead
from dataforge.datasets.split_folders import splits_by_folder
from dataforge.datasets.split_lists import find_splits
from dataforge.errors import LayoutError, plural
from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, last_part, stem
from dataforge.layouts import Layout


def find_voc_layout(
    root: Root, declared: Mapping[str, Any] | None = None, by_flags: bool = True
) -> FoundLayout:
    """Infer the layout of a folder of XML files and images.

    Args:
        root: the folder.
        declared: fields of `Layout` from the user or a layout file; they are kept.
        by_flags: whether the command has options for folders, for the messages.

    Raises:
        LayoutError: there are no XML files, or there are images, but none for an XML file.
    """
    declared = dict(declared or {})
    names = root.files()
    xmls = [name for name in names if name.lower().endswith(".xml")]
    images = [name for name in names if is_image(name)]
    if not xmls:
        found_instead = instead(root) or ": is this the dataset's folder?"
        raise LayoutError(f"{root.location} contains no .xml files{found_instead}")
    if foreign := foreign_xml(root, xmls):
        other = instead(root) if foreign.format else ""
        raise LayoutError(f"{root.location} contains {other.removeprefix(', but ') or foreign}")
    found: dict[str, Any] = {}
    reasons: list[str] = []
    if not {"images", "annotations"} <= declared.keys():
        found, reasons = _folders(root, xmls, images)
        if not found:
            raise LayoutError(f"{root.location}: {reasons[0]}; {naming_folders(by_flags)}")
    for key, value in found.items():
        if key in declared and declared[key] != value:
            reasons.append(
                f"{key}: {_show(declared[key])} as declared, not {_show(value)} as found"
            )
    found |= declared
    if "splits" not in found:
        places = Layout(images=found["images"], annotations=found["annotations"])
        found["splits"], why = find_splits(root, names, places)
        if not found["splits"] and not {"images", "annotations"} & declared.keys():
            by_folder = splits_by_folder(names, places)
            if by_folder:
                found |= by_folder
                why = [*why[:-1], f"one folder of images per split: {_show(found['splits'])}"]
        reasons += why
    found.setdefault("coords_default", _usual_coords(found))
    layout = msgspec.convert(found, Layout)
    if layout.by_name:
        _check_names(root, layout, by_flags)
    return FoundLayout(layout, tuple(reasons))


def _usual_coords(found: Mapping[str, Any]) -> str:
    """The default coordinate convention: the devkit counts from 1, others from 0."""
    folders = last_part(found["images"]), last_part(found["annotations"])
    lists = [path for path in found["splits"].values() if "ImageSets/Main/" in path]
    return "voc" if folders == ("JPEGImages", "Annotations") and lists else "zero"


def _folders(root: Root, xmls: list[str], images: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The result of `find_folders`; without any images, where they would be."""
    if images:
        return find_folders(xmls, images, Looks(root))
    homes = {name.rpartition("/")[0] or "." for name in xmls}
    why = f"no images ({', '.join(IMAGE_EXTENSIONS)}): {plural(len(xmls), 'XML file')} are read"
    if len(homes) == 1:
        return {"images": ".", "annotations": homes.pop()}, [
            f"{why} with the sizes that they state"
        ]
    found, reasons = find_folders(xmls, [f"{stem(name)}.jpg" for name in xmls], Looks(root))
    return found, [why + " as if an image was beside each", *reasons[1:]]


def _check_names(root: Root, layout: Layout, by_flags: bool) -> None:
    """Reject ambiguous image names, if XML files are matched to images by name alone."""
    for split in [*layout.splits] if layout.per_split else [""]:
        ids = layout.annotation_ids(split, root.files())
        xmls = {layout.key_of_id(split, id_) for id_, _ in ids}
        first: dict[str, str] = {}
        for name in root.files():
            key = layout.image_key(split, name) if is_image(name) else None
            if key in xmls and stem(first.setdefault(key, name)) != stem(name):
                raise LayoutError(
                    f"{root.location}: several folders have an image for {key}.xml "
                    f"({first[key]}, {name}): put the XML files into folders with the same names, "
                    f"or {naming_folders(by_flags)}"
                )


def _show(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else str(value)
