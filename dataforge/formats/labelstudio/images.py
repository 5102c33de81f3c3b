"""The images of a task: where it has several, those that each result is about.

A result names the tag of its image in ``to_name``, which is usually called like the key of the
data, and the page of a list of images (``valueList``) in ``item_index``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from dataforge.findings import Finding
from dataforge.formats.json_entries import Keys, keys_of, members_of, number_of, text_of
from dataforge.formats.labelstudio.regions import SHAPES
from dataforge.formats.labelstudio.results import Results
from dataforge.formats.listed import bad_object
from dataforge.io import is_image, last_part

_IMAGES = ("image", "img", "image_url", "url", "photo", "picture")


class Picture(NamedTuple):
    """An image of a task.

    Attributes:
        names: that it may have on disk, the likeliest first.
        key: of the task's data.
        page: of a list of images, counted from 0; None outside of one.
    """

    names: tuple[str, ...]
    key: str = ""
    page: int | None = None


def pictures_of(data: Keys, upload: str, results: Sequence[Results]) -> list[Picture]:
    """The images of a task; none if it is about something else, such as a text.

    Args:
        data: of the task.
        upload: the name of the file that was uploaded; empty if it is not known.
        results: on the task, which say what a value is that may be an image.
    """
    pages = {key: paths for key, raw in data.items() if (paths := _pages(members_of(raw) or []))}
    single = {key: text for key, raw in data.items() if is_image(_file(text := text_of(raw)))}
    whole = next((key for key in _IMAGES if key in data and text_of(data[key])), None)
    if whole is not None:
        single = {whole: text_of(data[whole])} | single
    if not pages and len(single) < 2:
        names = _names(data, upload, results)
        return [Picture(names)] if names else []
    found = [Picture(_names_of(text, ""), key) for key, text in single.items()]
    for key, paths in pages.items():
        found += [Picture(_names_of(path, ""), key, page) for page, path in enumerate(paths)]
    return found


def placed(
    pictures: Sequence[Picture], results: Sequence[Results]
) -> tuple[dict[Picture, list[Results]], list[Finding]]:
    """(the results that are about each image, findings on those that are about none)."""
    keys = list(dict.fromkeys(one.key for one in pictures))
    at = {(one.key, one.page): one for one in pictures}
    members = [
        (of, index, bytes(raw), keys_of(raw) or {})
        for of in results
        for index, raw in zip(of.indices(), members_of(of.raw()) or [], strict=True)
    ]
    names = {text_of(keys_.get("to_name")) for *_, keys_ in members} - {""}
    called = {name: key for name in names if (key := _alike(name, keys)) is not None}
    default = next((key for key in _IMAGES if key in keys), keys[0] if len(keys) == 1 else None)
    if called or len(names) > 1:
        default = keys[0] if len(keys) == 1 else None
    chosen: dict[Picture, dict[int, list[tuple[int, bytes]]]] = {}
    findings: list[Finding] = []
    said: set[tuple[int, str]] = set()
    for of, index, raw, result in members:
        if text_of(result.get("type")) == "relation":
            continue
        name = text_of(result.get("to_name"))
        key = called.get(name, default)
        picture = None if key is None else at.get((key, _page(result, key, at)))
        number = text_of(result.get("id"))
        if picture is None and number and (id(of), number) in said:
            continue  # the same region, with its class
        said.add((id(of), number))
        if picture is None:
            what = f"of the image {name[:40]!r}" if name else "without the name of its image"
            item = number_of(result.get("item_index"))
            what += "" if item is None else f", page {item:g}"
            findings.append(
                bad_object(of.place.at(f"[{index}]"), f"a result {what}, which the task lacks")
            )
            continue
        chosen.setdefault(picture, {}).setdefault(id(of), []).append((index, raw))
    return {
        picture: [of.only(own[id(of)]) for of in results if id(of) in own]
        for picture, own in chosen.items()
    }, findings


def _alike(name: str, keys: Sequence[str]) -> str | None:
    """The key that the name of a tag means, None if it is none of them."""
    if name in keys:
        return name
    fitting = [key for key in keys if _plain(key) == _plain(name)]
    return fitting[0] if len(fitting) == 1 else None


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _page(result: Keys, key: str, at: dict[tuple[str, int | None], Picture]) -> int | None:
    """The page of a result; -1 if it is none of the task's."""
    item = number_of(result.get("item_index"))
    if (key, None) in at:
        return -1 if item else None
    if item is None:
        return 0 if (key, 1) not in at else -1
    return int(item) if item >= 0 and item == int(item) else -1


def _pages(members: Sequence[object]) -> list[str]:
    """The paths in a list of images; empty if it is something else."""
    texts = [text_of(raw) for raw in members]  # type: ignore[arg-type]
    return texts if all(texts) and any(is_image(_file(text)) for text in texts) else []


def _file(value: str) -> str:
    return re.split(r"[?#]", path_of(value))[0]


def _names(data: Keys, upload: str, results: Sequence[Results]) -> tuple[str, ...]:
    """The names that the only image of a task may have; none if it has no image."""
    values = {key: value for key, raw in data.items() if (value := text_of(raw))}
    first = next((values[key] for key in _IMAGES if key in values), "")
    first = first or next((value for value in values.values() if is_image(_file(value))), "")
    if not first:
        first = next(iter(values.values()), "")
        if not (is_image(upload) or _is_image(first, results)):
            return ()
    return _names_of(upload if first.startswith("data:") else first, upload)  # the image itself


def _is_image(value: str, results: Sequence[Results]) -> bool:
    """Whether a value without the ending of an image is the path of one: what is drawn says it."""
    members = [keys_of(raw) or {} for one in results for raw in members_of(one.raw()) or []]
    for keys in members:
        kind = text_of(keys.get("type")).lower().removesuffix("labels")
        if "original_width" in keys or kind in SHAPES:
            return True
    is_text = any("start" in (keys_of(keys.get("value")) or keys) for keys in members)
    return not is_text and "/" in value and not re.search(r"\s", value)


def _names_of(written: str, upload: str) -> tuple[str, ...]:
    """The names that an image may have on disk, the likeliest first."""
    path = path_of(written)
    names = [path, unquote(path)]
    names += [_without_prefix(last_part(name)) for name in (*names, upload) if name]
    names += [last_part(upload)] if upload else []
    return tuple(dict.fromkeys(name for name in names if name)) or ("",)


def path_of(value: str) -> str:
    """The path of an image, of one that was uploaded, of local storage, or as it is."""
    if found := re.fullmatch(
        r"(?:https?://[^/]+)?/?data/upload/(?:\d+/)?([^?#]+)(?:[?#].*)?", value
    ):
        return found[1]
    if "/data/local-files/" in value or value.startswith("data/local-files/"):
        try:
            found_ = parse_qs(urlsplit(value).query).get("d", [""])[0]
        except ValueError:
            found_ = ""
        return found_ or value
    return value


def _without_prefix(name: str) -> str:
    """A file's name without the eight digits that an upload puts before it.

    >>> _without_prefix("1f2e3d4c-a.jpg"), _without_prefix("a-b.jpg")
    ('a.jpg', 'a-b.jpg')
    """
    return re.sub(r"^[0-9a-f]{8}-(?=.)", "", name)
