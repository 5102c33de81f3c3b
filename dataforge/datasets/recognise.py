"""Decides the formats of a folder's annotation files, in the same way for all commands."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

import msgspec

from dataforge.codes import code
from dataforge.datasets.seen import Seen
from dataforge.errors import InputError, ParseError, plural
from dataforge.findings import Finding, Place
from dataforge.formats import (
    Foreign,
    Texts,
    counted,
    document_signatures,
    formats,
    not_readable,
    recognised,
    text_signatures,
    xml_signature,
)
from dataforge.io import Root, is_image, last_part, stem
from dataforge.shell import command_line, path_word

_SAMPLED = 3  # XML files that are looked at
_MOST = 200  # files that were not read, and are looked at
_HEAD = 16 * 2**10  # bytes of such a file
_LONGEST = 2_000  # characters of a line

_MAY_BE = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
_PACKED = (".zip", ".tar", ".tar.gz", ".tgz", ".7z", ".rar")
_ABOUT = re.compile(r"(?:readme|licen[cs]e|requirements)\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![^\s,;])[+-]?\d+(?:\.\d*)?(?![^\s,;])")


class FormatFound(msgspec.Struct, frozen=True):
    """A format that was recognised.

    Attributes:
        format: its name.
        files: number of annotation files in it.
        evidence: a sentence that says why.
    """

    format: str
    files: int
    evidence: str


def formats_in(root: Root, texts: Texts | None = None) -> list[FormatFound]:
    """The formats in a folder, that of the most annotation files first.

    Args:
        root: the folder.
        texts: its annotation files, if they have already been examined.
    """
    texts = texts or Texts(root)
    found = [
        FormatFound(name, own.files, own.evidence)
        for name, own in recognised(texts).items()
        if own.files
    ]
    return sorted(found, key=lambda part: -part.files)


def recognisable() -> list[str]:
    """The formats that find their own files in a folder."""
    return [name for name, format_ in formats().items() if format_.recognise]


def guess_format(root: Root) -> str:
    """The format of most of a folder's annotation files; `images` if there are none.

    Raises:
        InputError: there are no images either, or files that may be annotations and are in no
            format that is read.
    """
    return guess_formats(root)[0]


def guess_formats(
    root: Root, texts: Texts | None = None
) -> tuple[str, list[FormatFound], list[Foreign]]:
    """(the result of `guess_format`, the other formats that were recognised and can be read).

    Third, the formats that cannot.

    Args:
        root: the folder.
        texts: what its files are, if that is needed afterwards.
    """
    texts = texts or Texts(root)
    if found := formats_in(root, texts):
        return found[0].format, found[1:], texts.foreign
    if foreign := texts.foreign:
        raise InputError(f"{root.location} contains {'; and '.join(map(str, foreign[:3]))}")
    if texts.findings:  # a reader reports what is wrong with them
        return _intended(root, texts.findings[0].file), [], []
    unknown = unread(root, texts)
    if not any(map(is_image, root.files())):
        raise InputError(
            f"{root.location}: contains no annotations and no images" + _beside(root, unknown)
        )
    if unknown:
        raise InputError(
            f"{root.location}: contains images, and no annotations in a format that is recognised"
            f"{_beside(root, unknown)}; if these are annotations, name the converter, such as "
            f"{_converters(unknown)} (or --from FORMAT); if the images really have none, "
            "images2coco (or --from images)"
        )
    return "images", [], []


def unread(root: Root, texts: Texts) -> list[str]:
    """Files that may be annotations and are in no format that is recognised.

    JSON, other XML, tables, and text files with rows of numbers; of very many, not all are looked
    at.
    """
    found = sorted(texts.other)
    looked_at = 0
    for name in root.files():
        if not name.lower().endswith(_MAY_BE) or _ABOUT.match(last_part(name)):
            continue
        looked_at += 1
        if looked_at > _MOST:
            break
        with suppress(OSError):
            text = root.head(name, _HEAD).decode("utf-8-sig", "replace")
            is_text = name.lower().endswith(".txt")
            if any(map(_is_row, text.splitlines()[:_MOST])) if is_text else text.strip():
                found.append(name)
    return found


def unread_in_words(root: Root, texts: Texts) -> list[str]:
    """What the files are that may be annotations and are in no known format; one sentence each."""
    names = defaultdict(list)
    unknown = unread(root, texts)
    for name in unknown:
        names[texts.other.get(name, "of no format that is recognised")].append(name)
    said = []
    for what, own in names.items():
        more = f" and {len(own) - 1:,} more" if len(own) > 1 else ""
        said.append(f"{plural(len(own), 'file')}: {what} ({own[0]}{more})")
    if said:
        said.append(f"if these are annotations, name their converter: {_converters(unknown)}")
    return said


def _is_row(line: str) -> bool:
    """Whether a line of a text file has the numbers of a box."""
    return len(line) < _LONGEST and len(_NUMBER.findall(line)) >= 4


def _beside(root: Root, unknown: Sequence[str]) -> str:
    """What else a folder contains, for a message."""
    if unknown:
        more = f" and {len(unknown) - 3:,} more" if len(unknown) > 3 else ""
        return f"; not read: {', '.join(unknown[:3])}{more}"
    return "".join(f"; {one}" for one in to_unpack(root))


def to_unpack(root: Root) -> list[str]:
    """What to do with a packed file of a folder without images: one sentence, if there is any."""
    packed = (name for name in root.files() if name.lower().endswith(_PACKED))
    return [f"unpack {name} first, and name the folder that it becomes" for name in packed][:1]


_KINDS = {".xml": "xml", ".csv": "header", ".tsv": "header", ".txt": "rows"}
"""Ending of a file -> the part of a `Signature` that is of such files; else of JSON."""

_FIRST = {".xml": ("voc",), ".txt": ("yolo",), ".json": ("labelme",)}
"""Formats that are recognised without signatures."""


def _converters(unknown: Sequence[str]) -> str:
    """The converters that may read the first of these files, by its name."""
    ending = os.path.splitext(unknown[0].lower())[1]
    kind = _KINDS.get(ending, "json")
    names = [
        *_FIRST.get(ending, ()),
        *(
            name
            for name, format_ in formats().items()
            if any(getattr(signature, kind) for signature in format_.signatures)
        ),
    ]
    return " or ".join(f"{name}2coco" for name in names)


def passed_over(others: Iterable[FormatFound]) -> Iterator[Finding]:
    """The findings on formats of which another one was chosen."""
    for one in others:
        yield code("other-format").at(
            Place("."),
            f"{plural(one.files, 'annotation file')} in the format {one.format}: not read",
            f"use --from {one.format} to read them instead",
        )


def not_read(root: Root, images: Iterable[Seen], findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings on formats that cannot be read; none if a single file was named.

    Args:
        root: the folder.
        images: that were read from it.
        findings: on it; files that they name are not named again.
    """
    if root.only is not None:
        return
    known = {seen.place.file for seen in images}
    known.update(place.file for finding in findings for place in (finding.place, *finding.examples))
    rest = [name for name in root.files() if name not in known]
    documents = (name for name in rest if name.lower().endswith((".json", ".xml")))
    found = document_signatures(root, islice(documents, _MOST)) | text_signatures(root, rest)
    for one in counted(not_readable(found)):
        yield code("other-format").at(
            Place(one.first),
            f"{plural(one.files, 'file')} in a format that is not read: {one.name}",
            one.how,
        )


def foreign_xml(root: Root, names: Sequence[str]) -> Foreign | None:
    """The format of some XML files, none of which is Pascal VOC's; None if some may be.

    The first ones decide, unless all of these are of another format.

    Args:
        root: the folder.
        names: the XML files.
    """
    found = {}
    for name in names[:_SAMPLED]:
        with suppress(ParseError):
            found[name] = xml_signature(root.look(name))
    known = {name: row for name, row in found.items() if row}
    if len(known) < len(found) or not known or Texts(root).voc:
        return None
    first = counted(known)[0]
    return msgspec.structs.replace(first, files=len(names))


def instead(root: Root) -> str:
    """What a folder contains in place of what was looked for, and how to go on, for a message."""
    texts = Texts(root)
    for found in formats_in(root, texts):
        if found.format == "coco":
            return f", but coco: {found.evidence}; use --layout coco"
        if found.format != "voc":
            out = f"{os.path.basename(os.path.abspath(root.location))}_coco"
            command = command_line(
                "dataforge", "convert", f"{found.format}2coco", path_word(root.location), out,
                "--image-mode", "copy", *root.flags,
            )  # fmt: skip
            return f", but {found.format}: {found.evidence}" + (
                f"; convert it first: {command}; register {out} then" if command else ""
            )
    return f", but {texts.foreign[0]}" if texts.foreign else ""


def _intended(root: Root, unreadable: str) -> str:
    """The probable format of an unreadable annotation file, by its name."""
    if unreadable.lower().endswith(".xml"):
        return "voc"
    own = any(stem(name) == stem(unreadable) for name in root.files() if is_image(name))
    return "labelme" if own else "coco"
