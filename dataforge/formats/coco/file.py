"""One COCO file, taken apart into its entries; and what several say of one dataset."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar

import msgspec

from dataforge.errors import ParseError, plural
from dataforge.formats.base import Step
from dataforge.io import MAX_COCO_BYTES, Root, decode_json, plain, stem, to_utf8, without_nan
from dataforge.layouts import split_of_json
from dataforge.records import Category, Extra, Finding, Header

WRITTEN_ANYWAY = {"info": {"description": "", "version": "1.0"}, "licenses": []}
"""What a file has that says nothing of its dataset, as some readers want the keys."""

NO_SUPERCATEGORY = ""
"""What a category has that says nothing else of itself."""

T = TypeVar("T")
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


def extra_of(keys: dict[str, Any]) -> Extra:
    """Keys that only COCO knows, as a record holds them."""
    return {"coco": keys} if keys else {}


def keys_of(extra: Extra) -> dict[str, Any]:
    """Keys that only COCO knows, of what a record holds."""
    return extra.get("coco", {})


class NotCocoError(Exception):
    """A JSON file that is something else."""


class Document:
    """One COCO file, taken apart into its entries."""

    def __init__(self, root: Root, name: str) -> None:
        self.name = name
        data, self.encoding = to_utf8(root.read_bytes(name, MAX_COCO_BYTES), name)
        top, self.repaired = _top_level(data, name)
        self.images = _entries(top, "images")
        self.categories = _entries(top, "categories") if "categories" in top else None
        self.annotations = _entries(top, "annotations") if "annotations" in top else []
        self.rest = {key: plain(value) for key, value in top.items()}
        if self.categories is None:
            first = self.annotations[0] if self.annotations else msgspec.Raw(b"{}")
            if b'"category_id"' not in bytes(first):
                raise NotCocoError("no list of categories")
            marked = plural(len(self.annotations), "annotation")
            message = f"no list of categories: what is marked is unknown ({marked})"
            raise ParseError(name, "$.categories", message)
        self.labels: IdTable[str | None] = IdTable()

    def header(self) -> Step[Header]:
        """Returns what the file says of the dataset; findings of the file as a whole."""
        if self.encoding not in ("utf-8", "utf-8-sig"):
            yield self.finding(
                "encoding",
                "",
                f"is not UTF-8; read as {self.encoding}",
                "check that the names read well, or save it as UTF-8",
            )
        if self.repaired:
            yield self.finding(
                "nan", "", "holds NaN or Infinity, which JSON does not have: read as null"
            )
        findings: list[Finding] = []
        categories = tuple(self._read_categories(findings))
        yield from findings
        said = {key: value for key, value in self.rest.items()
                if (key, value) not in WRITTEN_ANYWAY.items()}  # fmt: skip
        return Header(categories=categories, extra=extra_of(said))

    def _read_categories(self, findings: list[Finding]) -> Iterable[Category]:
        self.labels = IdTable()
        names: dict[str, Any] = {}
        for index, raw in enumerate(self.categories or ()):
            where = f"$.categories[{index}]"
            entry = plain(raw)
            name = entry.get("name") if isinstance(entry, dict) else None
            if isinstance(name, (int, float)) and not isinstance(name, bool):
                name = str(name)
            if not isinstance(name, str) or not name.strip():
                message = f"want an id and a name, got {shortly(entry)}"
                findings.append(self.finding("bad-category", where, message, severity="error"))
                continue
            number = entry.get("id")
            if number in self.labels and self.labels.get(number) != name:
                message = f"id {number!r} means {self.labels.get(number)!r} and {name!r}"
                remedy = "its annotations cannot be told apart and are left out: mend the ids"
                findings.append(
                    self.finding("ambiguous-category-id", where, message, remedy, "error")
                )
                self.labels.set(number, None)
            elif number in self.labels or name in names:
                message = f"{name!r} is declared twice: both are one category"
                findings.append(self.finding("duplicate-category", where, message))
                self.labels.set(number, name)
            else:
                self.labels.set(number, name)
            if name not in names:
                names[name] = number
                said = {key: value for key, value in entry.items() if key not in ("id", "name")}
                if said.get("supercategory") == NO_SUPERCATEGORY:
                    del said["supercategory"]
                yield Category(name=name, extra=extra_of(said))

    def finding(
        self,
        code: str,
        where: str,
        message: str,
        remedy: str = "",
        severity: Literal["error", "warning", "note"] = "warning",
        lost: int = 0,
    ) -> Finding:
        """A finding in this file."""
        return Finding(
            code=code,
            severity=severity,
            file=self.name,
            where=where,
            message=message,
            remedy=remedy,
            lost=lost,
        )


def _top_level(data: bytes, name: str) -> tuple[dict[str, msgspec.Raw], bool]:
    """(key -> its value, whether NaN was read as null)."""
    try:
        return decode_json(data, dict[str, msgspec.Raw], name), False
    except ParseError as error:
        if isinstance(error.__cause__, msgspec.ValidationError):
            raise NotCocoError("not an object") from error
        document = without_nan(data)
        if document is None:
            raise
        return decode_json(document, dict[str, msgspec.Raw], name), True


def _entries(top: dict[str, msgspec.Raw], key: str) -> list[msgspec.Raw]:
    try:
        return _decode_list(top.pop(key))
    except (KeyError, msgspec.ValidationError) as error:
        raise NotCocoError(f"no list of {key}") from error


class IdTable(Generic[T]):
    """What ids stand for; 1, 1.0 and "1" are the same id unless the table has both."""

    def __init__(self) -> None:
        self._exact: dict[Any, T] = {}
        self._lenient: dict[str, Any] = {}

    def set(self, number: Any, value: T) -> None:
        """Let an id stand for a value; no id stands for nothing."""
        if is_id(number):
            self._exact[number] = value
            self._lenient.setdefault(_spelling(number), number)

    def get(self, number: Any) -> T | None:
        """What an id stands for, None if nothing."""
        if not is_id(number):
            return None
        if number in self._exact:
            return self._exact[number]
        return self._exact.get(self._lenient.get(_spelling(number)))

    def __contains__(self, number: Any) -> bool:
        """Whether this very id is there."""
        return is_id(number) and number in self._exact


def is_id(number: Any) -> bool:
    return isinstance(number, (int, float, str))


def _spelling(number: float | str) -> str:
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    text = str(number).strip()
    return text.lstrip("0") or "0" if text.isdecimal() else text


def shortly(value: Any) -> str:
    """A value as JSON, at most 60 letters of it."""
    raw = bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)
    text = raw.decode("utf-8", "replace")
    return text if len(text) <= 60 else f"{text[:57]}..."


def unite(headers: Mapping[str, Header]) -> Step[Header]:
    """Returns one header: categories by name and other keys, as they are first seen.

    Args:
        headers: file -> what it says.
    """
    categories: dict[str, Category] = {}
    extra: dict[str, Any] = {}
    for header in headers.values():
        for category in header.categories:
            categories.setdefault(category.name, category)
        for key, value in keys_of(header.extra).items():
            extra.setdefault(key, value)
    names = list(categories)
    for file, header in headers.items():
        own = [category.name for category in header.categories]
        remedy = "categories are united by name, in the order in which they are first seen"
        if missing := [name for name in names if name not in own]:
            yield Finding(
                code="categories-differ",
                severity="note",
                file=file,
                where="$.categories",
                message=f"lacks {', '.join(missing[:5])}{' ...' * (len(missing) > 5)}, which "
                "other files have",
                remedy=remedy,
            )
        if own != [name for name in names if name in own]:
            yield Finding(
                code="class-order",
                severity="warning",
                file=file,
                where="$.categories",
                message="has the categories in another order than the files before it",
                remedy=remedy,
            )
        same = all(categories[category.name] == category for category in header.categories)
        differing = ["categories"] * (not same)
        differing += [key for key, value in keys_of(header.extra).items() if extra[key] != value]
        if differing:
            yield Finding(
                code="header-differs",
                severity="note",
                file=file,
                message=f"says something else than the files before it in {', '.join(differing)}: "
                "what is said first is kept",
            )
    return Header(categories=tuple(categories.values()), extra=extra_of(extra))


def splits_of(names: Iterable[str]) -> Step[dict[str, str | None]]:
    """Returns file -> split; files of one split are told apart by their own names."""
    splits = {name: split_of_json(name) for name in names}
    count = Counter(splits.values())
    if len(splits) == 1 and count["all"]:
        return dict.fromkeys(splits)
    named: dict[str, str] = {}
    for name, split in splits.items():
        own = split if count[split] == 1 else re.sub(r"[^\w-]+", "_", stem(name))
        while own in named.values():
            own += "_"
        named[name] = own
    for split in count:
        files = [name for name in splits if splits[name] == split]
        if len(files) > 1:
            yield Finding(
                code="split-of-several-files",
                severity="note",
                file=files[0],
                message=f"{len(files)} files are of the split {split}: each is a split of its own, "
                f"{', '.join(named[name] for name in files[:5])}{' ...' * (len(files) > 5)}",
                remedy="make one of them by dataforge coco merge",
            )
    return dict(named)
