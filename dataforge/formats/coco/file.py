"""One COCO file, parsed into its entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError, plural
from dataforge.findings import Edit, Finding, Gathered, Place, Severity
from dataforge.formats.coco.ids import IdTable
from dataforge.formats.coco.keypoints import with_keypoints
from dataforge.formats.coco.lists import (
    AnnotationKeys,
    Entries,
    ImageKeys,
    bounded_list,
    written_name,
)
from dataforge.formats.json_blocks import (
    LEAST_OBJECT,
    JsonBlocks,
    OddJsonError,
    is_too_many,
    json_blocks,
)
from dataforge.formats.repairs import was_repaired
from dataforge.io import Root, decode_repaired, plain, to_utf8
from dataforge.records import Category, Extra, Header, Instance

WRITTEN_ANYWAY = {"info": {"description": "", "version": "1.0"}, "licenses": []}
"""Keys without information, written because some readers require them."""

NO_SUPERCATEGORY = ""
"""The supercategory of a category that has none."""

UNREAD = "segmentation"
"""The key of COCO's own keys of an instance whose outline was not read in full; empty, as what
was not read is not written."""

CATEGORY_IDS = "category_ids"
"""The end of the keys of an image that hold ids of categories; a record has their names."""


def extra_of(keys: dict[str, Any]) -> Extra:
    """COCO's own keys, in the form in which a record stores them."""
    return {"coco": keys} if keys else {}


def keys_of(extra: Extra) -> dict[str, Any]:
    """COCO's own keys of a record."""
    return extra.get("coco", {})


def is_outline_read(instance: Instance) -> bool:
    """Whether the segmentation was read in full, so that its area can be compared."""
    return UNREAD not in keys_of(instance.extra)


class NotCocoError(Exception):
    """A JSON file that is not a COCO file."""


class Notes:
    """The findings on one file, until they are taken.

    Args:
        file: path relative to the folder that is read.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._gathered = Gathered(keep_edits=True)

    def add(
        self,
        name: str,
        pointer: str,
        message: str,
        remedy: str = "",
        *,
        lost: int = 0,
        edits: Iterable[Edit] = (),
        severity: Severity | None = None,
        count: int = 1,
    ) -> None:
        """Add a finding of a code."""
        place = Place(self.file, pointer)
        self._gathered.take(
            code(name).at(
                place, message, remedy, lost=lost, edits=edits, severity=severity, count=count
            )
        )

    def lose(
        self, name: str, pointer: str, message: str, number: int = 1, remedy: str = ""
    ) -> None:
        """Add a finding on annotations that are skipped."""
        if number != 1:
            message = f"{message}: {plural(number, 'annotation')} not converted"
        self.add(name, pointer, message, remedy or "fix or delete it", lost=number)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Add existing findings."""
        self._gathered.add(findings)

    def take(self) -> list[Finding]:
        """All findings added since the last call."""
        if not self._gathered.findings:
            return []
        taken, self._gathered = self._gathered, Gathered(keep_edits=True)
        return taken.findings


class Document:
    """One COCO file, parsed into its entries; to be closed.

    Args:
        name: path relative to the folder that is read.

    Attributes:
        name: see above.
        encoding: of the file; ``utf-8-sig`` with a byte order mark.
        is_repaired: whether it contains what JSON does not allow, see `dataforge.io.repaired`.
        images, annotations: their entries.
        categories: their entries, as plain Python.
        rest: all other keys, as plain Python.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.encoding = "utf-8"
        self.is_repaired = False
        self.images = Entries(ImageKeys)
        self.annotations = Entries(AnnotationKeys)
        self.categories: list[Any] = []
        self.rest: dict[str, Any] = {}

    def read(self, data: bytes) -> Document:
        """Take all of it from its bytes.

        Raises:
            NotCocoError: it is other JSON.
            ParseError: it cannot be read.
        """
        data, self.encoding = to_utf8(data, self.name)
        if is_too_many(objects := data.count(b"{"), len(data)):
            message = f"holds {objects:,} objects of less than {LEAST_OBJECT} bytes: not read"
            raise ParseError(self.name, "", message)
        top, self.is_repaired = _top_level(data, self.name)
        self._take("images", top.pop("images", None))
        annotations = top.pop("annotations", msgspec.Raw(b"[]"))
        categories = top.pop("categories", None)
        self._take("annotations", annotations)
        return self._with(categories, top)

    def read_blocks(self, blocks: JsonBlocks) -> Document:
        """Take all of it from its parts.

        Raises:
            OddJsonError: it has to be read as a whole.
            NotCocoError, ParseError, OSError: see `read` and `JsonBlocks`.
        """
        top: dict[str, msgspec.Raw] = {}
        pieces: dict[str, list[bytes]] = {}
        lists: dict[str, Entries[Any]] = {"images": self.images, "annotations": self.annotations}
        for key, data, entries in blocks:
            if entries is None:
                top[key] = msgspec.Raw(data)
            elif key not in lists:
                top.setdefault(key, msgspec.Raw())  # its place among the others
                pieces.setdefault(key, []).append(data[1:-1])
            else:
                try:
                    lists[key].add(data, entries)
                except msgspec.DecodeError as error:
                    raise OddJsonError from error
        top |= {key: msgspec.Raw(b"[" + b",".join(own) + b"]") for key, own in pieces.items()}
        if not len(self.images) or bytes(top.pop("annotations", b"[]")) != b"[]":
            raise OddJsonError
        self.encoding = blocks.encoding
        return self._with(top.pop("categories", None), top)

    def _take(self, key: str, raw: msgspec.Raw | None) -> None:
        if raw is None:
            raise NotCocoError(f"no list of {key}")
        entries: Entries[Any] = self.images if key == "images" else self.annotations
        try:
            entries.add_all(raw, self.name)
        except msgspec.ValidationError as error:
            raise NotCocoError(f"no list of {key}") from error

    def _with(self, categories: msgspec.Raw | None, top: Mapping[str, msgspec.Raw]) -> Document:
        """Take the rest."""
        first = bytes(self.annotations.at(0)) if len(self.annotations) else b""
        if b'"segments_info"' in first:
            raise NotCocoError("panoptic segmentation, whose segments are in PNG files")
        if categories is None:
            if b'"category_id"' not in first:
                raise NotCocoError("no list of categories")
            marked = plural(len(self.annotations), "annotation")
            message = f"no list of categories, so the classes are unknown ({marked})"
            raise ParseError(self.name, "$.categories", message)
        try:
            self.categories = [plain(entry) for entry in bounded_list(categories, self.name)]
        except msgspec.ValidationError as error:
            raise NotCocoError("no list of categories") from error
        self.rest = {key: plain(value) for key, value in top.items()}
        return self

    @property
    def names(self) -> list[str]:
        """The file names of its images, as written; without those that have none."""
        names = map(written_name, self.images.keys["file_name"], self.images.keys["coco_url"])
        return [name for name in names if name]

    def close(self) -> None:
        """Free the disk space."""
        self.images.tape.close()
        self.annotations.tape.close()


def document_of(root: Root, name: str, data: Callable[[], bytes], *, whole: bool) -> Document:
    """A COCO file, read in blocks if it is large.

    Args:
        root, name: of the file.
        data: gives its bytes.
        whole: whether to read it as a whole even so.

    Raises:
        NotCocoError: it is other JSON.
        ParseError: it cannot be read.
        OutputError: there is no room on the disk for its entries.
    """
    blocks = None if whole else json_blocks(root, name)
    if blocks is not None:
        document = Document(name)
        try:
            with blocks as parts:
                return document.read_blocks(parts)
        except (OddJsonError, OSError):  # reading it as a whole shows what is wrong
            document.close()
        except BaseException:
            document.close()
            raise
    return Document(name).read(data())


def _top_level(data: bytes, name: str) -> tuple[dict[str, msgspec.Raw], bool]:
    """(key -> its value, whether it was repaired)."""
    try:
        top, better = decode_repaired(data, dict[str, msgspec.Raw], name)
    except ParseError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            raise NotCocoError("not an object") from error
        raise
    return top, better is not None


def shortly(value: Any) -> str:
    """A value as JSON, cut to 60 characters."""
    raw = bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)
    text = raw.decode("utf-8", "replace")
    return text if len(text) <= 60 else f"{text[:57]}..."


# The header ------------------------------------------------------------------------------------


def header_of(document: Document, notes: Notes) -> tuple[Header, IdTable[str | None]]:
    """(header of the dataset, id -> name of a category; None for an ambiguous id)."""
    if document.encoding not in ("utf-8", "utf-8-sig"):
        message = f"is not UTF-8; read as {document.encoding}"
        remedy = "check that the names are readable, then save it as UTF-8"
        notes.add("encoding", "", message, remedy)
    if document.is_repaired:
        notes.extend([was_repaired(document.name)])
    labels: IdTable[str | None] = IdTable()
    categories: dict[str, Category] = {}
    for index, entry in enumerate(document.categories):
        name = _category_name(entry)
        if name is None:
            message = f"expected an id and a name, got {shortly(entry)}"
            notes.add("bad-category", f"$.categories[{index}]", message, "add its name")
            continue
        known = name in categories
        _declare(labels, entry.get("id"), name, known, f"$.categories[{index}]", notes)
        if not known:
            keys = {key: value for key, value in entry.items() if key not in ("id", "name")}
            if keys.get("supercategory") == NO_SUPERCATEGORY:
                del keys["supercategory"]
            categories[name] = with_keypoints(name, keys)
    rest = {key: value for key, value in document.rest.items()
            if (key, value) not in WRITTEN_ANYWAY.items()}  # fmt: skip
    return Header(categories=tuple(categories.values()), extra=extra_of(rest)), labels


def _category_name(entry: Any) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        return str(name)
    return name if isinstance(name, str) and name.strip() else None


def _declare(
    labels: IdTable[str | None], number: Any, name: str, known: bool, pointer: str, notes: Notes
) -> None:
    """Set the name of an id, unless it already has another one."""
    if number in labels and labels.get(number) != name:
        message = f"id {number!r} means {labels.get(number)!r} and {name!r}: annotations skipped"
        remedy = "give each category its own id"
        notes.add("ambiguous-category-id", pointer, message, remedy)
        labels.set(number, None)
        return
    if known or number in labels:
        message = f"{name!r} is declared twice: read as one category"
        notes.add("duplicate-category", pointer, message, "keep one of them")
    labels.set(number, name)
