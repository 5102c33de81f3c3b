"""Split files: lists of images, written by devkits, spreadsheets or by hand."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial

from dataforge.errors import InputError, ParseError
from dataforge.io import MAX_PATH, Root, is_image, last_part, stem, to_utf8
from dataforge.layouts.layout import Layout
from dataforge.layouts.paths import below, join, matching_files


class Ids:
    """The ids of a dataset, for matching the lines of a split file.

    Args:
        known: id or an alternative spelling of it -> id.
    """

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._depths = sorted({written.count("/") for written in known}, reverse=True)

    @cached_property
    def _by_last(self) -> dict[tuple[str, str], set[str]]:
        """(name, "" or one of its folders) -> ids, because every video has a frame of the same
        number; large, and seldom needed."""
        found: dict[tuple[str, str], set[str]] = defaultdict(set)
        for written, id_ in self._known.items():
            last = last_part(written).casefold()
            for part in {"", *id_.casefold().split("/")}:
                found[last, part].add(id_)
        return found

    def match(self, line: str, folder: str = "") -> str | None:
        """The id that matches a line: exactly, as a path, in another case, or by file name alone.

        Args:
            line: may be surrounded by spaces or quotes, and have an extension.
            folder: folder in which ids are looked up first.
        """
        if not folder and (exactly := self._known.get(line)):
            return exactly
        plain = line.strip("\"' \t").replace("\\", "/")
        # A name may itself begin with a space or end with a quote.
        ways = dict.fromkeys((line, line.strip(), plain, _without_extension(plain)))
        return next((id_ for way in ways if (id_ := self._find(way, folder))), None)

    def _find(self, line: str, folder: str) -> str | None:
        if len(line) > MAX_PATH:
            return None
        if folder and (found := join(folder, line)) in self._known:
            return self._known[found]
        parts = line.split("/")
        for depth in self._depths:  # the longest tail first
            if depth < len(parts) and (tail := "/".join(parts[-depth - 1 :])) in self._known:
                return self._known[tail]
        # Only if it is unambiguous: a single id has this name and the folders in the line.
        folders = {part.casefold() for part in parts[:-1] if part not in ("", ".")} or {""}
        last = parts[-1].casefold()
        fits = sorted((self._by_last.get((last, part), set()) for part in folders), key=len)
        only = fits[0].intersection(*fits[1:]) if len(fits) > 1 else fits[0]
        return next(iter(only)) if len(only) == 1 else None


def split_ids(text: str, ids: Ids | None = None, folder: str = "") -> list[str]:
    """The ids in a split file, in file order, without duplicates.

    Blank lines, surrounding spaces, paths, an extension, ``id 1`` and ``id,1`` (VOC's class files),
    further columns and ``image.jpg annotation.xml`` are supported; a line with -1 in its second
    column is excluded from the split. A line that is exactly an id is that id. In a table with a
    header row (`header_row`), the column called ``image`` or similar is read, else the first.

    Args:
        text: content of the file.
        ids: ids of the dataset; a line that matches none of them is returned as parsed.
        folder: folder in which ids are looked up first.

    >>> split_ids("a\\n\\nsub/b.jpg \\nc 1\\nd -1\\ne,1\\nmy photo\\nf 1 12 3\\n")
    ['a', 'sub/b', 'c', 'e', 'my photo', 'f']
    >>> split_ids("shot 1\\nshot 2\\n", Ids({"shot 1": "shot 1", "shot 2": "shot 2"}))
    ['shot 1', 'shot 2']
    """
    lines = _lines(text)
    if header_row(text, ids, folder) is not None:
        lines = list(_column(lines))
    found = dict.fromkeys(_listed(line, ids, folder) for line in dict.fromkeys(lines))
    return [id_ for id_ in found if id_]


def _listed(line: str, ids: Ids | None, folder: str) -> str:
    """The id on a line; empty if -1 excludes it."""
    if ids is not None and (id_ := ids.match(line, folder)):
        return id_
    first = _first_column(line.strip())
    ways = []
    if ids is not None and first:
        ways = [first, _cells(line, _delimiter(line))[0], re.split(r"[\s,;]", line.strip())[0]]
    return next((id_ for way in ways if ids and (id_ := ids.match(way, folder))), None) or first


def header_row(text: str, ids: Ids | None = None, folder: str = "") -> str | None:
    """The first row of a split file if it is a header and not an image, else None.

    Args:
        text: content of the file.
        ids: ids of the dataset.
        folder: folder in which ids are looked up first.

    >>> header_row("image,label\\na,1\\n"), header_row("a,1\\nb,1\\n")
    ('image,label', None)
    """
    first = next(iter(_lines(text)), "")
    cells = _cells(first, _delimiter(first))
    if not any(map(_names_images, cells)):
        return None
    if ids and any(ids.match(cell, folder) for cell in (first, *cells) if cell.strip()):
        return None
    return first.strip()


_IMAGE_COLUMNS = re.compile(
    "((image|img|file|frame|photo|picture|sample)s?)?(id|ids|name|names|path|paths|file|stem)?"
    "|文件名?|图片名?|图像名?"
)


def _names_images(cell: str) -> bool:
    """Whether a cell is a common header for the image column."""
    word = re.sub(r"[\s_-]", "", cell).casefold()
    return bool(word and _IMAGE_COLUMNS.fullmatch(word))


def _column(lines: Sequence[str]) -> Iterator[str]:
    """The cells in the image column of a table with a header row."""
    delimiter = _delimiter(lines[0])
    columns = _cells(lines[0], delimiter)
    column = next(number for number, cell in enumerate(columns) if _names_images(cell))
    for line in lines[1:]:
        cells = _cells(line, delimiter) if len(columns) > 1 else [line]
        yield cells[min(column, len(cells) - 1)]


def _lines(text: str) -> list[str]:
    return [line for line in text.replace("\ufeff", "").splitlines() if line.strip()]


def _delimiter(line: str) -> str:
    return next((letter for letter in "\t;," if letter in line), ",")


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), None) or [line]
    except csv.Error:  # a cell of 128 KiB
        return [line]


_MOST_COLUMNS = 32
"""Columns of numbers after a name, such as the class, species and breed of a pet."""


def _last_number(line: str) -> tuple[str, str] | None:
    """(what is before the last column, that column) if it is an integer; else None.

    Not one expression, which would try each of a thousand spaces as the first one.
    """
    before = line.rstrip("0123456789")
    number = line[len(before) :]
    if number and before.endswith("-"):
        before, number = before[:-1], f"-{number}"
    column = before.rstrip()
    if column.endswith((",", ";")):
        column = column[:-1].rstrip()
    return (column, number) if number and len(column) < len(before) else None


def _first_column(line: str) -> str:
    """The first column of a line, without extension; empty if -1 excludes it."""
    rest, columns = line, list[str]()
    while len(columns) < _MOST_COLUMNS and (last := _last_number(rest)):
        rest, number = last
        columns.append(number)
    if len(columns) > 1:
        line = rest
    elif columns and columns[0] in ("-1", "-0", "0", "1"):
        line = "" if columns[0] == "-1" else rest
    if line.lower().endswith(".xml"):
        ends = (found for found in _END_OF_FILE.finditer(line) if found.end() < len(line) - 4)
        last_file = max(ends, key=re.Match.start, default=None)
        if last_file and is_image(line[: last_file.start(1)]):
            line = line[last_file.end() :]
    return _without_extension(line.strip("\"' ").replace("\\", "/"))


_END_OF_FILE = re.compile(r"(?<=.)\.\w+([\s,;]+)")


def _without_extension(line: str) -> str:
    return stem(line) if is_image(line) or line.lower().endswith(".xml") else line


def known_ids(names: Iterable[str], layout: Layout, split: str) -> Ids:
    """The ids of a split's XML files, in the spellings used in split files: image or XML name."""
    known = {}
    images, annotations = layout.folders(split)
    # Split files that name images also name the folders that the * matches.
    names_folders = "*" in layout.images and not layout.by_name
    for id_, name in layout.annotation_ids(split, names):
        known[id_] = id_
        if names_folders and (parts := below(annotations, name)):
            image_folder = images.replace("*", parts[0] or ".")
            known.setdefault(join(image_folder, stem(parts[1])), id_)
    return Ids(known)


def listed_ids(root: Root, layout: Layout, split: str) -> list[str]:
    """The ids listed in a split's files; a line that matches no id is returned as parsed.

    Raises:
        InputError: a split file does not exist, or is not text.
    """
    path = layout.splits[split]
    ids = known_ids(root.files(), layout, split)
    listed: dict[str, None] = {}
    for star, name in list(matching_files(path, root.files())) or [("", path)]:
        folder = layout.folders(split)[1].replace("*", star) if star else ""
        listed |= dict.fromkeys(split_ids(read_split_file(root, name), ids, folder))
    return list(listed)


def read_split_file(root: Root, name: str) -> str:
    """A split file's text: UTF-8, GBK, or UTF-16 with or without a byte order mark.

    Raises:
        InputError: it does not exist, or is not text.
    """
    try:
        data = root.look(name)  # read twice: to detect the layout, and by the reader
        found, encoding = to_utf8(data, name)
    except ParseError as error:
        raise InputError(f"split file {name}: {error.message}") from error
    text = found.decode()
    if encoding == "utf-8" and not text.isascii():
        # GBK may be valid UTF-8 by chance: decide by the file names.
        with suppress(UnicodeDecodeError):
            return max(text, data.decode("gb18030"), key=partial(_named, root))
    return text


def _named(root: Root, text: str) -> int:
    """Number of files in the dataset that the text of a split file names."""
    return len(
        {last_part(id_) for id_ in split_ids(text)} & {last_part(stem(n)) for n in root.files()}
    )
