"""COCO files: which split a file belongs to, and which images are its own."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from urllib.parse import unquote

import msgspec

from dataforge.io import is_image, last_part, resolve, stem
from dataforge.layouts.layout import SPLIT_NAMES, SPLIT_ORDER
from dataforge.layouts.paths import by_last_part, leading_equal, shared_folders

_SAMPLED = 50
"""File names of a COCO file that decide which folder they are relative to."""

_MOST_FILES = 200
"""JSON files up to which is compared which of them an image is nearest to."""


def split_of_json(name: str) -> str:
    """The split indicated by the name of a COCO file or its folder; `all` if neither does.

    >>> split_of_json("annotations/instances_val2017.json")
    'val'
    """
    for part in reversed(stem(name).split("/")):
        words = re.split(r"[^a-z]+", part.lower())
        found = [SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES]
        if found:
            return found[-1]
    return "all"


def name_splits(files: Iterable[str]) -> dict[str, str]:
    """COCO file -> its split; several files of one split are distinguished by their names.

    >>> name_splits(["val.json", "a/train.json", "b/train.json"])
    {'val.json': 'val', 'a/train.json': 'a_train', 'b/train.json': 'b_train'}
    """
    splits = {file: split_of_json(file) for file in files}
    count = Counter(splits.values())
    named: dict[str, str] = {}
    taken: set[str] = set()
    for file, split in splits.items():
        own = split if count[split] == 1 else re.sub(r"[^\w-]+", "_", stem(file))
        while own in taken:
            own += "_"
        named[file] = own
        taken.add(own)
    return named


def splits_said(files: Iterable[str]) -> dict[str, str | None]:
    """File that lists images -> the split that its name or folder says; several may say the same.

    Exports have any names, so if no file says a split, there are none. Beside those that do, one
    that says none is a split of its own.

    >>> splits_said(["project-1.json", "project-2.json"])
    {'project-1.json': None, 'project-2.json': None}
    >>> splits_said(["train-1.csv", "train-2.csv", "val.csv", "old.csv", "new.csv"])["old.csv"]
    'old'
    """
    own = name_splits(files)
    said = {file: split_of_json(file) for file in own}
    if {*said.values()} <= {"all"}:
        return dict.fromkeys(own)
    return {file: own[file] if split == "all" else split for file, split in said.items()}


def sharing_a_split(splits: Mapping[str, str]) -> dict[str, list[str]]:
    """Split -> its files, of the splits that `name_splits` has taken apart.

    Args:
        splits: name -> file; a name that is that of a split is what somebody has decided.

    >>> sharing_a_split({"val": "val.json", "a_train": "a/train.json", "b_train": "b/train.json"})
    {'train': ['a/train.json', 'b/train.json']}
    """
    files: dict[str, list[str]] = {}
    for name, file in splits.items():
        if name not in (*SPLIT_ORDER, "all"):
            files.setdefault(split_of_json(file), []).append(file)
    return {split: named for split, named in files.items() if len(named) > 1}


def of_other_tasks(names: Iterable[str]) -> dict[str, str]:
    """File -> its task, of files that mark the images of a file of instances beside them again.

    The names are those of the official COCO files (cocodataset.org/#download).

    >>> of_other_tasks(["annotations/instances_val2017.json", "annotations/captions_val2017.json"])
    {'annotations/captions_val2017.json': 'captions'}
    """
    known = {*names}
    found = {}
    for name in sorted(known):
        folder, slash, last = name.rpartition("/")
        match = re.fullmatch(f"({'|'.join(_OTHER_TASKS)})_(.+)", last)
        if match and f"{folder}{slash}instances_{match[2]}" in known:
            found[name] = match[1]
    return found


_OTHER_TASKS = ("captions", "densepose", "image_info", "panoptic", "person_keypoints", "stuff")


def path_of_url(name: str) -> str:
    """The path in a URL, decoded; any other file name unchanged.

    >>> path_of_url("https://example.org/train2017/a%20b.jpg?size=1")
    'train2017/a b.jpg'
    """
    found = re.match(r"[A-Za-z][A-Za-z0-9+.-]+://[^/?#]*/*([^?#]*)", name)
    return unquote(found[1]) if found else name


class FoundImages(msgspec.Struct, frozen=True):
    """Where the images of a COCO file are.

    Attributes:
        prefix: the folder that its file names are relative to, with a slash; "" for the root.
        others: file name as written -> path of an image that is not at that place, but whose name
            can mean no other; both relative to the root.
        alike: folders with as good a claim as the one of `prefix`.
        unclear: file name as written -> those that it can mean, if they are several, or one
            that another name can mean, too.
    """

    prefix: str = ""
    others: dict[str, str] = {}
    alike: tuple[str, ...] = ()
    unclear: dict[str, Sequence[str]] = {}


class CocoImages:
    """The images in a folder, for the COCO files in it.

    An image belongs to the nearest COCO file: the one with which it shares most folders, then most
    words of the path, such as ``val2017`` or ``cam1``. So images of the same name in the folders of
    several cameras, tasks or splits are each found by their own file alone.

    Args:
        names: paths of all files, relative to the root.
        is_coco: whether a JSON file is a COCO file; asked only where it matters.
    """

    def __init__(self, names: Iterable[str], is_coco: Callable[[str], bool]) -> None:
        self.names = {*names}
        self._ask = is_coco
        self._known: dict[str, bool] = {}
        self._indexed: tuple[str, ...] = ()
        self._indexes: dict[int, dict[str, list[str]]] = {}

    @cached_property
    def _by_last(self) -> dict[str, list[str]]:
        return by_last_part(sorted(self.names))

    @cached_property
    def _by_folder(self) -> dict[str, list[str]]:
        """Folder -> the images in it."""
        folders: dict[str, list[str]] = {}
        for name in sorted(filter(is_image, self.names)):
            folders.setdefault(name.rpartition("/")[0], []).append(name)
        return folders

    @cached_property
    def _jsons(self) -> list[str]:
        """JSON files that may be COCO files: not those with the name of an image."""
        stems = {last_part(stem(name)) for names in self._by_folder.values() for name in names}
        found = (name for name in sorted(self.names) if name.lower().endswith(".json"))
        jsons = [name for name in found if last_part(stem(name)) not in stems]
        return jsons if len(jsons) <= _MOST_FILES else []

    def of(self, file: str, file_names: Sequence[str]) -> FoundImages:
        """Find the images of a COCO file, as file names relative to some folder in the root.

        Args:
            file: path of the COCO file.
            file_names: as written in it.
        """
        prefix, alike = self._prefix(file, [_path(name) for name in file_names[:_SAMPLED]])
        missing = self.missing(prefix, file_names)
        if not missing:
            return FoundImages(prefix, alike=alike)
        taken = {prefix + name for name in file_names if name not in missing}
        near = [folder for folder in self._by_folder if not self._has_nearer(file, folder)]
        own = [folder for folder in near if not self._is_named_by_another(file, folder)]
        # A file for all images finds them in folders that files of a split are named after.
        general = prefix and self._is_named_by_another(file, prefix.rstrip("/"))
        others, unclear = self._others(missing, prefix, near if general else own, taken)
        if not others and len(missing) == len({*file_names}):
            others, unclear = self._others(missing, prefix, near, taken)
        return FoundImages(prefix, others, alike, unclear)

    def in_root(self, file_names: Sequence[str]) -> FoundImages:
        """Find the images of a COCO file, as file names relative to the root."""
        missing = self.missing("", file_names)
        taken = {name for name in file_names if name not in missing}
        others, unclear = self._others(missing, "", [*self._by_folder], taken)
        return FoundImages("", others, unclear=unclear)

    def missing(self, prefix: str, file_names: Sequence[str]) -> dict[str, str]:
        """File name -> its path, of those that are not the path of an image below a folder."""
        missing = {}
        for name in file_names:
            if prefix + name not in self.names:
                inside = resolve("", name)
                if "://" in name or inside is None or prefix + inside not in self.names:
                    missing[name] = _path(name)
        return missing

    def _prefix(self, file: str, paths: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """(the folder that paths are relative to, others that fit as well)."""
        fits: dict[str, set[str]] = {}
        for path in paths:
            for name in self._by_last.get(last_part(path), ()):
                if name == path or name.endswith(f"/{path}"):
                    fits.setdefault(name[: -len(path)], set()).add(path)
        own = _words(file)
        enough = max(map(len, fits.values()), default=0) / 2
        ranks = {
            prefix: (shared_folders(file, prefix), len(own & _words(prefix)), len(fitting))
            for prefix, fitting in fits.items()
            if len(fitting) >= enough and not self._has_nearer(file, prefix.rstrip("/"))
        }
        best = max(ranks.values(), default=None)
        first, *others = sorted(
            (prefix for prefix, rank in ranks.items() if rank == best), key=lambda x: (len(x), x)
        ) or [""]
        return first, tuple(other for other in others if fits[other] & fits[first])

    def _is_coco(self, name: str) -> bool:
        if name not in self._known:
            self._known[name] = self._ask(name)
        return self._known[name]

    def _has_nearer(self, file: str, folder: str) -> bool:
        """Whether another COCO file shares more folders with a folder."""
        shared = shared_folders(file, f"{folder}/")
        return any(
            shared_folders(other, f"{folder}/") > shared and self._is_coco(other)
            for other in self._jsons
        )

    def _is_named_by_another(self, file: str, folder: str) -> bool:
        """Whether another COCO file shares as many folders, and more words, with a folder."""
        words, shared = _words(f"{folder}/"), shared_folders(file, f"{folder}/")
        number = len(words & _words(file))
        return any(
            shared_folders(other, f"{folder}/") == shared and len(words & _words(other)) > number
            for other in self._jsons
        )

    def _others(
        self, missing: Mapping[str, str], prefix: str, folders: Iterable[str], taken: set[str]
    ) -> tuple[dict[str, str], dict[str, Sequence[str]]]:
        """Of images in some folders, those that file names can mean.

        Returns:
            (file name -> the only one, file name -> several, or one that another name means, too)
        """
        found: dict[str, str] = {}
        unclear: dict[str, Sequence[str]] = {}
        within = tuple(folders)
        for number, form in enumerate(_FORMS):
            rest = {written: path for written, path in missing.items() if written not in found}
            index = self._index(number, within) if rest else {}
            for written, path in rest.items():
                if prefix + path in self.names and prefix + path not in taken:
                    found[written] = prefix + path
                    continue
                alike = index.get(form(last_part(path)), ())
                closest = _closest(path, [name for name in alike if name not in taken], form)
                if len(closest) == 1:
                    found[written] = closest[0]
                elif closest:
                    unclear.setdefault(written, closest)
        claims = Counter(found.values())
        for written, name in found.items():
            if claims[name] == 1:
                unclear.pop(written, None)
            else:
                unclear[written] = (name,)
        return {written: name for written, name in found.items() if claims[name] == 1}, unclear

    def _index(self, number: int, folders: tuple[str, ...]) -> dict[str, list[str]]:
        """Last part of a path, in a form of `_FORMS` -> the images in some folders that have it.

        Those of the folders that were asked for last are kept: there may be a file for each image.
        """
        if self._indexed != folders:
            self._indexed, self._indexes = folders, {}
        if number not in self._indexes:
            form = _FORMS[number]
            index: dict[str, list[str]] = {}
            for folder in folders:
                for name in self._by_folder[folder]:
                    index.setdefault(form(last_part(name)), []).append(name)
            self._indexes[number] = index
        return self._indexes[number]


def _path(name: str) -> str:
    """A file name as a path relative to some folder, of one that leads elsewhere without root."""
    name = path_of_url(name)
    parts = [part for part in re.split(r"[\\/]", name) if part not in ("", ".", "..")]
    return resolve("", name) or "/".join(parts)


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", unquote(name))


_FORMS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    _normal,
    lambda name: _normal(name).casefold(),
    lambda name: stem(_normal(name)).casefold() if is_image(name) else _normal(name).casefold(),
)
"""Forms in which the last part of a path is compared, the strictest first: as written; without
percent-encoding, in one Unicode form; in one case; without an image's extension."""


def _closest(path: str, names: Sequence[str], form: Callable[[str], str]) -> Sequence[str]:
    """The names that share the most folders with a path, from the last one on."""
    if len(names) < 2:
        return names
    folders = [form(part) for part in path.split("/")[-2::-1]]
    shared = {name: leading_equal(folders, map(form, name.split("/")[-2::-1])) for name in names}
    most = max(shared.values())
    return [name for name in names if shared[name] == most]


def _words(path: str) -> set[str]:
    """Words of a path without extension, also their letters and their digits alone."""
    words = re.findall(r"[^\W_]+", (stem(path) if not path.endswith("/") else path).lower())
    parts = [part for word in words for part in re.findall(r"\d+|[^\W\d_]+", word)]
    return {SPLIT_NAMES.get(word, word) for word in (*words, *parts)}
