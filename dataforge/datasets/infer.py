"""Finding out where things are in a folder: which layout it has, and why that is believed."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from dataforge.errors import InputError, LayoutError, ParseError, UsageError, plural
from dataforge.formats.coco import image_names
from dataforge.io import IMAGE_EXTENSIONS, Root, is_image, stem
from dataforge.layouts.layout import (
    OWN_LAYOUT,
    SPLIT_NAMES,
    SPLIT_ORDER,
    Ids,
    Layout,
    below,
    by_last_part,
    folder_of_images,
    folders_of,
    header_row,
    join,
    known_ids,
    load,
    matching,
    missing,
    read_list,
    shipped,
    shipped_layouts,
    split_ids,
    split_of_json,
    well_known,
)


class Inferred(msgspec.Struct, frozen=True):
    """A layout and the sentences that say how it was found."""

    layout: Layout
    reasons: tuple[str, ...]


def _by_name(by_flags: bool) -> str:
    """How a user says where folders are: by options, where the command has them."""
    if by_flags:
        return "name the folders with --images and --annotations"
    return (
        "name the folders in a layout file (images = 'FOLDER', annotations = 'FOLDER'), which "
        "--layout of convert, split and register takes"
    )


def infer(root: Root, declared: Mapping[str, Any] | None = None, by_flags: bool = True) -> Inferred:
    """Find out where things are in a folder of XML files and images.

    Args:
        root: the folder.
        declared: fields of `Layout` that the user or a layout file says; they are kept.
        by_flags: whether the user's command has options for folders, for messages to name.

    Raises:
        LayoutError: there is no XML file, or no image that goes with one.
    """
    declared = dict(declared or {})
    names = root.files()
    xmls = [name for name in names if name.lower().endswith(".xml")]
    images = [name for name in names if is_image(name)]
    if not xmls:
        raise LayoutError(f"{root.location}: no .xml file in it: is this the dataset's folder?")
    if not images:
        raise LayoutError(f"{root.location}: no image in it ({', '.join(IMAGE_EXTENSIONS)})")
    found: dict[str, Any] = {}
    reasons: list[str] = []
    if not {"images", "annotations"} <= declared.keys():
        found, reasons = _infer_folders(xmls, images, root.location, by_flags)
    for key, value in found.items():
        if key in declared and declared[key] != value:
            reasons.append(
                f"{key}: {_show(declared[key])} as declared, not {_show(value)} as found"
            )
    found |= declared
    if "splits" not in found:
        places = Layout(images=found["images"], annotations=found["annotations"])
        found["splits"], why = _infer_splits(root, names, places)
        reasons += why
    found.setdefault("coords_default", _habit(found))
    inferred = Inferred(msgspec.convert(found, Layout), tuple(reasons))
    if inferred.layout.by_name:
        _check_names(root, inferred.layout, by_flags)
    return inferred


def _habit(found: Mapping[str, Any]) -> str:
    """What boxes are taken for where they do not tell: the devkit counts from 1, others from 0."""
    folders = _last(found["images"]), _last(found["annotations"])
    lists = [path for path in found["splits"].values() if "ImageSets/Main/" in path]
    return "voc" if folders == ("JPEGImages", "Annotations") and lists else "zero"


def _check_names(root: Root, places: Layout, by_flags: bool) -> None:
    """Refuse names that several images have, where an XML file tells its image by name alone."""
    xmls = {places.key_of_id(stem(name)) for name in root.files() if name.lower().endswith(".xml")}
    first: dict[str, str] = {}
    for name in root.files():
        key = places.image_key("", name) if is_image(name) else None
        if key in xmls and stem(first.setdefault(key, name)) != stem(name):
            raise LayoutError(
                f"{root.location}: {key}.xml has an image of its name in several folders "
                f"({first[key]}, {name}): put the XML files into folders of the same names, or "
                f"{_by_name(by_flags)}"
            )


def _show(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, dict) else str(value)


def _infer_folders(
    xmls: list[str], images: list[str], where: str, by_flags: bool
) -> tuple[dict[str, Any], list[str]]:
    pairs, deeper, by_case = _pair(xmls, images)
    if not pairs:
        raise LayoutError(
            f"{where}: {plural(len(xmls), 'XML file')} and {plural(len(images), 'image')}, but no "
            f"two of one name; {_by_name(by_flags)}"
        )
    of_all = f"of {plural(len(xmls), 'XML file')} have an image of their name there"
    split_folders = _split_folders(pairs) or _split_folders(deeper)
    if split_folders:
        (image_folder, annotation_folder), splits, count = split_folders
        reasons = [f"one folder per split ({', '.join(splits.values())}): {count} {of_all}"]
        found = {"images": image_folder, "annotations": annotation_folder, "splits": splits}
    else:
        (image_folder, annotation_folder), count = _widest(pairs)
        reasons = [f"images in {image_folder}/ and XML in {annotation_folder}/: {count} {of_all}"]
        found = {"images": image_folder, "annotations": annotation_folder}
    if "*" in image_folder + annotation_folder:
        reasons.append(_meaning_of_star(image_folder, annotation_folder))
    if by_case:
        are = "is" if by_case == 1 else "are"
        reasons.append(f"{by_case:,} of them {are} named in other case than their image")
    return found, reasons


Pairs: TypeAlias = "Counter[tuple[str, str]]"
"""(folder of images, folder of XML files) -> number of XML files with an image there."""


def _pair(xmls: list[str], images: list[str]) -> tuple[Pairs, Pairs, int]:
    """Which folders belong together: as far up as they differ, and one level below that.

    Returns:
        Both, and the number of XML files whose image is named in other case.
    """
    by_name: dict[str, dict[str, str]] = defaultdict(dict)  # name -> folder -> image
    for image in images:
        by_name[_last(stem(image)).casefold()][image.rpartition("/")[0]] = stem(image)
    folders = {folder for found in by_name.values() for folder in found}
    candidates: dict[str, dict[tuple[str, str], str]] = {}
    home, tiers = None, list[Set[str]]()
    for xml in xmls:
        if home != (folder := xml.rpartition("/")[0]):
            home, tiers = folder, _nearest_first(folder, folders)
        # Frames have the same number in each of a thousand videos: the nearest folders alone.
        named = by_name.get(_last(stem(xml)).casefold(), {})
        if near := next((near for tier in tiers if (near := named.keys() & tier)), set[str]()):
            candidates[xml] = {_folders(named[way], stem(xml)): named[way] for way in sorted(near)}
    votes = Counter(pair for found in candidates.values() for pair in found)
    pairs: Pairs = Counter()
    deeper: Pairs = Counter()
    by_case = 0
    for xml, found in candidates.items():
        # The likeliest is good for many XML files, then the shortest.
        pair = min(found, key=lambda pair: (-votes[pair], len(pair[0]) + len(pair[1]), pair))
        by_case += _last(found[pair]) != _last(stem(xml))
        pairs[pair] += 1
        inside = stem(xml)[0 if pair[1] == "." else len(pair[1]) + 1 :].split("/")
        inner = inside[0] if len(inside) > 1 else "."
        deeper[join(pair[0], inner), join(pair[1], inner)] += 1
    return pairs, deeper, by_case


_NO_PHOTOGRAPHS = re.compile(r"mask|thumb|segm|preview|depth|visual|overlay|crop|label_?img")
"""Folders of images that are made of others, such as the devkit's SegmentationClass/."""


def _nearest_first(home: str, folders: Set[str]) -> list[Set[str]]:
    """Folders of images in tiers: no masks, then those with the most in common with a folder."""
    own = {*filter(None, home.split("/"))}
    tiers: dict[tuple[bool, int], set[str]] = defaultdict(set)
    for folder in folders:
        parts = {*filter(None, folder.split("/"))}
        derived = any(_NO_PHOTOGRAPHS.search(part.lower()) for part in parts - own)
        tiers[derived, -len(parts & own)].add(folder)
    return [tiers[key] for key in sorted(tiers)]


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _folders(image: str, xml: str) -> tuple[str, str]:
    """The differing fronts of two paths that end alike: ('Images', 'Annotations')."""
    a, b = image.split("/"), xml.split("/")
    a.pop()
    b.pop()
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "/".join(a) or ".", "/".join(b) or "."


def _split_folders(pairs: Pairs) -> tuple[tuple[str, str], dict[str, str], int] | None:
    """((images, annotations) with ``{split}`` in them, split -> folder, files), where that fits.

    It fits where each pair of folders speaks of a split, or where two splits hold the most.
    """
    patterns: Pairs = Counter()
    splits: dict[str, str] = {}
    for (image_folder, xml_folder), count in pairs.items():
        common = [part for part in image_folder.split("/") if part in xml_folder.split("/")]
        part = next((part for part in common if part.lower() in SPLIT_NAMES), None)
        if part is not None and splits.setdefault(SPLIT_NAMES[part.lower()], part) == part:
            patterns[_replace_part(image_folder, part), _replace_part(xml_folder, part)] += count
    if not patterns:
        return None
    pattern, count = _widest(patterns)
    if count < pairs.total() and (len(splits) < 2 or count < 0.5 * pairs.total()):
        return None
    return pattern, {split: splits[split] for split in SPLIT_ORDER if split in splits}, count


def _replace_part(path: str, part: str) -> str:
    parts = path.split("/")
    parts[parts.index(part)] = "{split}"
    return "/".join(parts)


def _widest(pairs: Pairs) -> tuple[tuple[str, str], int]:
    """The pair of folders for the most XML files, with a ``*`` in it where that is for more."""
    best = min(pairs, key=lambda pair: (-pairs[pair], pair))
    wider: Pairs = Counter()
    for pair, count in pairs.items():
        if (general := _generalised(pair)) is not None:
            wider[general] += count
    several = [pair for pair in wider if wider[pair] > pairs[best]]
    if not several:
        return best, pairs[best]
    chosen = min(several, key=lambda pair: (-wider[pair], pair))
    return chosen, wider[chosen]


def _generalised(pair: tuple[str, str]) -> tuple[str, str] | None:
    """``cam1/images`` and ``cam1/xml`` -> ``*/images`` and ``*/xml``; None where it means nothing.

    >>> _generalised(("{split}/cam1/images", "{split}/cam1/xml"))
    ('{split}/*/images', '{split}/*/xml')
    >>> _generalised(("cam1", "xml")), _generalised(("images", "day1"))
    (('*', 'xml'), ('images', '*'))
    """
    images = [part for part in pair[0].split("/") if part != "."]
    xmls = [part for part in pair[1].split("/") if part != "."]
    front = 0
    while front < min(len(images), len(xmls)) and images[front] == xmls[front]:
        front += 1
    fixed = [part for part in images[:front] if part == "{split}"]
    star = [*fixed, "*"]
    if front > len(fixed):
        return "/".join([*star, *images[front:]]), "/".join([*star, *xmls[front:]])
    # No folder in common: one side is one folder for all, found by its name.
    if len(images) == front or len(xmls) == front:
        return None
    if _LABELS.search(xmls[-1].lower()):
        return "/".join(star), pair[1]
    if _PICTURES.search(images[-1].lower()):
        return pair[0], "/".join(star)
    return None


_LABELS = re.compile(r"xml|annot|label")
_PICTURES = re.compile(r"im(a?ge?)?s?$|images?|photo|pict|jpeg|frames?")


def _meaning_of_star(images: str, annotations: str) -> str:
    if "*" in images and "*" in annotations:
        return "* stands for folders that are the same for images and XML, one pair for each"
    side = "images" if "*" in images else "XML files"
    return f"{side} are spread over folders (*): an image and its XML have the name in common"


def _infer_splits(root: Root, names: list[str], layout: Layout) -> tuple[dict[str, str], list[str]]:
    ids = known_ids(names, layout, "")
    listings: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    folders = folders_of(names)
    for name in names:
        if split := _split_of(name):
            listings[split][_starred(name, layout, folders)].append(name)
    best: dict[str, tuple[tuple[bool, int, int], _List]] = {}
    others: dict[str, list[_List]] = {}
    for split, by_path in listings.items():
        lists = [_look_into(root, files, path, layout, ids) for path, files in by_path.items()]
        for found in lists:
            # train.txt before aeroplane_train.txt, then the longer list, then the shorter path
            in_one_word = _last(stem(found.path)).lower() in SPLIT_NAMES
            rank = in_one_word, found.hits, -len(found.path)
            if not found.fault and (split not in best or rank > best[split][0]):
                best[split] = rank, found
        others[split] = [found for found in lists if found.fault]
    reasons = _passed_over(others, {*best}, names)
    if "train" in best:  # trainval repeats what train and val hold
        best.pop("trainval", None)
    chosen = {split: best[split][1] for split in SPLIT_ORDER if split in best}
    if not chosen:
        return {}, [*reasons, "no split file found: everything is one split"]
    for split, found in chosen.items():
        header = f" below its header row ({found.header})" if found.header else ""
        reasons.append(f"split {split}: {found.path} lists {plural(found.hits, 'id')}{header}")
    return {split: found.path for split, found in chosen.items()}, reasons


class _List(msgspec.Struct, frozen=True):
    """What is in the split files that a path means: ids that are there, and a header row.

    `fault` says why they are no list of this folder's images, and is empty where they are.
    """

    path: str
    hits: int = 0
    header: str = ""
    fault: str = ""
    unreadable: bool = False


def _look_into(root: Root, files: list[str], path: str, layout: Layout, ids: Ids) -> _List:
    hits = lines = 0
    header = ""
    for star, name in matching(path, files):
        try:
            text = read_list(root, name)
        except InputError as error:
            return _List(path, fault=str(error), unreadable=True)
        folder = layout.annotations.replace("*", star) if star else ""
        header = header or header_row(text, ids, folder) or ""
        listed = split_ids(text, ids, folder)
        lines += len(listed)
        hits += sum(ids.match(line, folder) is not None for line in listed)
    if hits and hits >= 0.5 * lines:
        return _List(path, hits, header)
    fault = f"{path}: {hits:,} of {plural(lines, 'line')} name an XML file that is here"
    return _List(path, hits, header, fault if lines else f"{path}: it lists nothing")


def _passed_over(others: Mapping[str, list[_List]], found: Set[str], names: list[str]) -> list[str]:
    """What is said of files that are called a split's and are not taken.

    Of a split that another file lists, those alone that cannot be read; and none that are called
    as an image is: YOLO's labels.
    """
    labels = {_last(stem(name)) for name in names if is_image(name)}
    reasons = []
    for split in (split for split in SPLIT_ORDER if split in others):
        rest = [
            other
            for other in others[split]
            if (other.unreadable or split not in found) and _last(stem(other.path)) not in labels
        ]
        if rest:
            more = f"; {len(rest) - 1:,} more likewise" if len(rest) > 1 else ""
            reasons.append(f"split {split}: passed over {rest[0].fault}{more}")
    return reasons


def _starred(path: str, layout: Layout, folders: Set[str]) -> str:
    """A split file's path with ``*`` where it lies in one of many folders with images and XML."""
    if "*" not in layout.annotations or layout.by_name:
        return path
    parts = path.split("/")
    for length in range(len(parts) - 1, 0, -1):
        front = "/".join(parts[:length])
        if layout.annotations.replace("*", front) in folders:
            return join("*", *parts[length:])
    return path


def _split_of(name: str) -> str | None:
    """The split that a list file's name speaks of: its last word that is a split's name."""
    if not name.lower().endswith((".txt", ".csv", ".lst")):
        return None
    words = re.split(r"[^a-z]+", stem(name).rsplit("/", 1)[-1].lower())
    found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
    return found[-1] if found else None


def choose(
    choice: str | None, name: str, root: Root, flags: Mapping[str, Any] | None = None
) -> Inferred:
    """The layout that a user means by ``--layout``, held against the folder.

    Args:
        choice: `custom-voc` (a dataset of this name that is well known, else what the folder's
            layout.toml says, else inferred), `voc`, `coco`, a well-known name, or a TOML file;
            None is `custom-voc`, or `coco` where the folder holds no XML.
        name: of the dataset.
        root: its folder.
        flags: fields of `Layout` that override the rest, such as folders relative to the root or
            absolute; None where a command has no options for them, and messages name none.

    Raises:
        LayoutError: the folder does not have what the layout or a flag names, or does not tell.
        UsageError: no such layout.
    """
    by_flags = flags is not None
    choice = choice or _guess(root)
    table: dict[str, Any] = {}
    reasons: list[str] = []
    if choice.lower().endswith(".toml"):
        table = load(Path(choice))
        reasons.append(f"layout: {choice}")
    elif choice == "custom-voc":
        table = well_known(name) or {}
        if table:
            reasons.append(f"layout: {table['name']} is well known (templates/layouts)")
        elif table := _own(root):
            reasons.append(f"layout: {OWN_LAYOUT} in the folder says so")
    elif choice == "coco":
        table = {"format": "coco"}
    elif choice == "voc":
        table = shipped("voc")
    else:
        known = well_known(choice)
        if known is None:
            names = ", ".join(str(table["name"]) for table in shipped_layouts() if "name" in table)
            raise UsageError(
                f"--layout {choice}: want custom-voc, voc, coco, a well-known name ({names}) or a "
                ".toml file"
            )
        table = known
    flags = _checked(flags or {}, table, root)
    problems = _unmet(table | flags, root)
    if problems and choice == "custom-voc" and table:
        reasons.append(f"but this folder differs ({', '.join(problems)}): folders are inferred")
        table = {key: table[key] for key in table.keys() - {"images", "annotations", "splits"}}
        problems = _unmet(flags, root)
    if problems:
        raise LayoutError(
            f"{root.location} is not laid out as {choice} says: {', '.join(problems)}; "
            "is this the dataset's folder? --layout custom-voc infers where things are"
        )
    declared = table | flags
    if declared.get("format") == "coco":
        return _infer_coco(root, declared, reasons, by_flags)
    inferred = infer(root, declared, by_flags)
    return Inferred(inferred.layout, (*reasons, *inferred.reasons))


def _checked(flags: Mapping[str, Any], table: Mapping[str, Any], root: Root) -> dict[str, Any]:
    """The flags with paths relative to the root.

    Raises:
        LayoutError: one names what is not there, or not below the root.
    """
    checked = dict(flags)
    names = root.files()
    if table.get("format") == "coco":
        if "images" in flags:
            checked["images"] = _declared_images(root, flags["images"], "--images ")
        for split, path in flags.get("splits", {}).items():
            if not root.exists(path):
                raise LayoutError(f"--splits {split}={path}: no such file in {root.location}")
        return checked
    for option in sorted({"images", "annotations"} & flags.keys()):
        said = f"--{option} {flags[option]}"
        folder = checked[option] = _below(root, said, flags[option])
        if "{split}" not in folder and not any(below(folder, name) for name in names):
            raise LayoutError(f"{said}: {root.location} has no such folder, or it is empty")
    folders = [str({**table, **checked}.get(option)) for option in ("images", "annotations")]
    if "splits" in flags and not any("{split}" in folder for folder in folders):
        for split, path in flags["splits"].items():
            said = f"--splits {split}={path}"
            inside = _below(root, said, path)
            if not any(True for _ in matching(inside, names)):
                raise LayoutError(f"{said}: no such file in {root.location}")
            checked["splits"] = {**checked["splits"], split: inside}
    return checked


def _below(root: Root, said: str, path: str) -> str:
    """A path relative to the root, whichever way it was given."""
    inside = os.path.relpath(path, root.location) if os.path.isabs(path) else os.path.normpath(path)
    inside = inside.replace(os.sep, "/")
    if inside.split("/")[0] == "..":
        raise LayoutError(f"{said}: is not below {root.location}; name a --root that holds all")
    return inside


def known_as(root: Root) -> str | None:
    """The name of the well-known dataset that this folder is, by its folders and split files."""
    for table in shipped_layouts():
        if table.get("name") and table.get("splits") and not _unmet(table, root):
            return str(table["name"])
    return None


def _own(root: Root) -> dict[str, Any]:
    """What a layout file in the folder declares, if there is one of XML files."""
    if root.remote or not root.exists(OWN_LAYOUT):
        return {}
    table = load(root.path / OWN_LAYOUT)
    return {} if table.get("format") == "coco" else table


def _guess(root: Root) -> str:
    return "custom-voc" if any(name.lower().endswith(".xml") for name in root.files()) else "coco"


def _unmet(declared: Mapping[str, Any], root: Root) -> list[str]:
    """What of the declared folders and files is not there."""
    if declared.get("format") == "coco":
        return [
            f"no file {path}"
            for path in declared.get("splits", {}).values()
            if not root.exists(path)
        ]
    named = {key: declared[key] for key in ("images", "annotations", "splits") if key in declared}
    if not named:
        return []
    return missing(msgspec.convert({"images": ".", "annotations": "."} | named, Layout), root)


def _infer_coco(
    root: Root, declared: Mapping[str, Any], reasons: list[str], by_flags: bool
) -> Inferred:
    found = dict(declared)
    if "splits" not in found:
        splits: dict[str, str] = {}
        for name in root.files():
            if not name.lower().endswith(".json"):
                continue
            try:
                listed = image_names(root, name)
            except ParseError as error:
                raise LayoutError(
                    f"{error}; mend it, or name those to read with --splits"
                ) from error
            if listed is None:
                continue  # some other JSON
            split = split_of_json(name)
            if split in splits:
                reasons.append(
                    f"{name} is passed over: {splits[split]} is the split {split} already"
                )
                continue
            splits[split] = name
            reasons.append(f"split {split}: {name} with {plural(len(listed), 'image')}")
        if not splits:
            raise LayoutError(
                f"{root.location}: no COCO file (images, annotations, categories) in it"
            )
        order = [*SPLIT_ORDER, *sorted(splits)]
        found["splits"] = dict(sorted(splits.items(), key=lambda item: order.index(item[0])))
    if "images" in found or "split_images" in found:
        if "images" in found:
            found["images"] = _declared_images(root, found["images"], "images = ")
        folders = {
            split: _declared_images(root, folder, f"split_images: {split} = ")
            for split, folder in found.get("split_images", {}).items()
        }
        found["split_images"] = folders
    else:
        folders = _infer_coco_images(root, found["splits"], by_flags)
        found["images"] = next(iter(folders.values()))
        if len(set(folders.values())) > 1:
            found["split_images"] = folders
        reasons.append(
            "images in " + ", ".join(f"{folder}/" for folder in sorted(set(folders.values())))
        )
    found.setdefault("annotations", ".")
    return Inferred(msgspec.convert(found, Layout), tuple(reasons))


def _declared_images(root: Root, folder: str, said: str) -> str:
    """Relative to the root if it is there, else to the working directory, and then absolute."""
    if os.path.isdir(os.path.join(root.location, folder)):
        return folder
    if os.path.isdir(folder):
        return os.path.abspath(folder)
    raise LayoutError(
        f"{said}{folder}: no such folder in {root.location}, nor in the working directory"
    )


def _infer_coco_images(root: Root, splits: Mapping[str, str], by_flags: bool) -> dict[str, str]:
    """Split -> the folder that its file names are relative to."""
    names = by_last_part(root.files())
    folders: dict[str, str] = {}
    for split, path in splits.items():
        listed = image_names(root, path)
        if not listed:
            fault = "is no COCO file" if listed is None else "lists no image"
            raise LayoutError(f"{root.location}: {path} {fault}; name those to read with --splits")
        folder = folder_of_images(names, listed, split)
        if folder is None:
            raise LayoutError(
                f"{root.location}: none of the images that {path} names is below it; "
                f"name their folder with --images{'' if by_flags else ' of register'}"
            )
        folders[split] = folder
    return folders
