"""Files as most tools write them: known tags without attributes, the same ones in all objects.

They are read without a tree of elements, in a third of the time: the tags of the first object make
a pattern that captures the texts between them, and the other objects have to match it. A file with
anything else in it, even a comment, is left to `dataforge.formats.voc.objects`, which reads any
file, and these with the same result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from dataforge.formats.voc.corners import BOUNDS
from dataforge.formats.voc.objects import VocFile, VocObject, attributes_of, origin_of, size_of

_MOST_BYTES = 2**20
"""The parser limits how long a text may be, and a file with one object for each line is short."""

_MOST_LINES = 2**16 - 2
"""The parser may count no further."""

_IMAGE: Mapping[str, Sequence[str]] = {
    "folder": (),
    "filename": (),
    "path": (),
    "source": ("database", "annotation", "image", "flickrid"),
    "owner": ("flickrid", "name"),
    "size": ("width", "height", "depth"),
    "segmented": (),
}
"""Tag -> tags that may be in it."""

_OBJECT: Mapping[str, Sequence[str]] = {
    "name": (),
    "pose": (),
    "truncated": (),
    "occluded": (),
    "difficult": (),
    "bndbox": BOUNDS,
}

_NEEDED = {"name", *(f"bndbox/{tag}" for tag in BOUNDS)}

_START, _END = "<object>", "</object>"
_SPACE = " \t\n"
_TAG = re.compile("<([^<>]*)>")
_OPENING = re.compile(
    r"(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'](?:utf-8|UTF-8)[\"'])? ?\?>)?"
    f"[{_SPACE}]*<annotation>"
)
# No entities, nothing that XML does not allow, and no ends of lines that it would change.
_TEXT = "([^<>&\0-\x08\x0b-\x1f\ufffe\uffff]*)"


class _Pattern(NamedTuple):
    """How elements are written.

    Attributes:
        regex: with a group for the text of each element that has no others in it.
        paths: of these elements, such as ``bndbox/xmin``.
    """

    regex: re.Pattern[str]
    paths: tuple[str, ...]


def read_usual(data: bytes) -> VocFile | None:
    """The content of a file; None if it is not as usual."""
    if len(data) > _MOST_BYTES:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    start = text.find(_START)
    image = _image(text[: max(start, 0)])
    objects = _objects(text, start) if image is not None else None
    return None if image is None or objects is None else image._replace(objects=objects)


def _image(head: str) -> VocFile | None:
    """What stands before the objects."""
    opening = _OPENING.match(head)
    if opening is None:
        return None
    inside = head[opening.end() :]
    pattern = _pattern_of_image(tuple(_TAG.findall(inside)))
    matched = pattern and pattern.regex.fullmatch(inside)
    if pattern is None or matched is None:
        return None
    texts = dict(zip(pattern.paths, matched.groups(), strict=True))
    origin = origin_of(
        texts.get("source/annotation"),
        texts.get("source/database"),
        number=sum(path.startswith("source/") for path in texts),
        has_path="path" in texts,
    )
    size = size_of(texts.get("size/width"), texts.get("size/height"))
    return VocFile((), texts.get("filename", "").strip(), size, origin, {})


def _objects(text: str, start: int) -> list[VocObject] | None:
    """The objects of a file, the first of which starts there."""
    end = text.find(_END, start)
    pattern = _pattern_of_object(tuple(_TAG.findall(text[start + len(_START) : max(end, 0)])))
    if pattern is None:
        return None
    # The texts of each object, and then what follows it.
    before, *parts = pattern.regex.split(text[start:])
    step = len(pattern.paths) + 1
    *between, after = parts[step - 1 :: step] or [""]
    lines = [*accumulate((part.count("\n") for part in text.split(_START)), initial=1)][1:-1]
    if before or "".join(between).strip(_SPACE) or after.strip(_SPACE) != "</annotation>":
        return None
    columns = {path: parts[at::step] for at, path in enumerate(pattern.paths)}
    corners = [[*map(str.strip, columns[f"bndbox/{tag}"])] for tag in BOUNDS]
    try:
        numbers = [[*map(float, column)] for column in corners]
    except ValueError:
        return None
    if lines[-1] > _MOST_LINES or not all(map(math.isfinite, map(sum, numbers))):
        return None
    nothing = [None] * len(lines)
    others = [columns.get(tag, nothing) for tag in ("truncated", "occluded", "pose")]
    return [
        VocObject(
            line, name, name.strip(), texts, bounds, difficult, attributes_of(*attributes), {}
        )
        for line, name, texts, bounds, difficult, attributes in zip(
            lines,
            columns["name"],
            zip(*corners, strict=True),
            zip(*numbers, strict=True),
            columns.get("difficult", nothing),
            zip(*others, strict=True),
            strict=True,
        )
    ]


@lru_cache(maxsize=64)
def _pattern_of_image(tags: tuple[str, ...]) -> _Pattern | None:
    return _pattern(tags, _IMAGE)


@lru_cache(maxsize=64)
def _pattern_of_object(tags: tuple[str, ...]) -> _Pattern | None:
    pattern = _pattern(tags, _OBJECT)
    if pattern is None or not _NEEDED.issubset(pattern.paths):
        return None
    regex = f"{_START}{pattern.regex.pattern}{_END}"
    return pattern._replace(regex=re.compile(regex))


def _pattern(tags: Iterable[str], known: Mapping[str, Sequence[str]]) -> _Pattern | None:
    """The pattern of elements with these tags; None if one is unknown, or there twice."""
    gap = f"[{_SPACE}]*"
    regex, paths, seen = gap, [], set()
    left = iter(tags)
    for tag in left:
        if tag not in known or tag in seen:
            return None
        seen.add(tag)
        regex += f"<{tag}>"
        inner = next(left, "")
        if inner == f"/{tag}" and not known[tag]:
            regex += _TEXT
            paths.append(tag)
        while inner != f"/{tag}":
            path = f"{tag}/{inner}"
            if inner not in known[tag] or path in paths or next(left, "") != f"/{inner}":
                return None
            regex += f"{gap}<{inner}>{_TEXT}</{inner}>"
            paths.append(path)
            inner = next(left, "")
        regex += f"{gap if known[tag] else ''}</{tag}>{gap}"
    return _Pattern(re.compile(regex), tuple(paths))
