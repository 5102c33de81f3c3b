"""A class name with spaces around it, or in an unusual form of its letters.

What: a label, a ``<name>``, a category or a name in a YOLO dataset's YAML file begins or ends with
a space, has letters composed of several characters where Unicode has one (NFC), or has full-width
letters, as East Asian keyboards make them, for ASCII.

Why: two names that look the same are not: mmdetection compares them letter by letter, and leaves an
object out whose name is no class, without a word. dataforge sets spaces and composition aside, and
takes full-width letters for others.

Example: ``<name>cat </name>``; ``ｃａｔ`` for ``cat``.

Fix: --fix takes the spaces away, joins the letters and makes full-width ones ASCII, where no other
class has that name already. It is safe: the classes and what is of each stay the same.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

import msgspec

from dataforge.checks import base as _base
from dataforge.checks import fixing as _fix
from dataforge.checks.base import Data
from dataforge.checks.files import Document
from dataforge.checks.text import Change, Edit, Path, Span, Text, path_of
from dataforge.errors import ParseError
from dataforge.formats.yolo import find_yaml
from dataforge.io import decode_json, plain, to_utf8
from dataforge.records import Finding, Image

SEVERITY = "warning"
FIX = "safe"
FORMATS = ("coco", "labelme", "voc", "yolo")

_FULL_WIDTH = {code + 0xFEE0: code for code in range(0x21, 0x7F)} | {0x3000: 0x20}


def tidied(name: str) -> str:
    """The name without spaces around it, composed, and with ASCII for full-width letters.

    >>> tidied(" ｃａｔ")
    'cat'
    """
    return unicodedata.normalize("NFC", name.translate(_FULL_WIDTH).strip())


class _Shape(msgspec.Struct):
    label: Any = None


class _Labels(msgspec.Struct):
    shapes: list[_Shape] = []


def _names(document: Document, format_: str) -> Iterator[tuple[str, str]]:
    """(place, name) of all names in an annotation file, as they are written."""
    if format_ == "voc":
        for item in document.xml.iter("object"):
            yield f"line {item.sourceline}", item.findtext("name") or ""
    elif format_ == "labelme":
        data, _ = to_utf8(document.data, document.name)
        try:
            shapes = decode_json(data, _Labels, document.name).shapes
        except ParseError:
            return  # a shape that is none, which the reader tells
        for index, shape in enumerate(shapes):
            if isinstance(shape.label, str):
                yield f"$.shapes[{index}].label", shape.label
    elif format_ == "coco":
        for index, raw in enumerate(document.coco.categories or ()):
            entry = plain(raw)
            if isinstance(entry, dict) and isinstance(entry.get("name"), str):
                yield f"$.categories[{index}].name", entry["name"]


class Check(_base.Check):
    """Looks at the names as they are written; readers take the spaces away."""

    def document(self, document: Document, image: Image) -> Iterator[Finding]:
        for where, name in _names(document, self.data.format):
            yield from self._untidy(document.name, where, name)

    def finish(self) -> Iterator[Finding]:
        for text in _yaml(self.data):
            for where, name, _ in _scalars(text):
                yield from self._untidy(text.name, where, name)

    def _untidy(self, file: str, where: str, name: str) -> Iterator[Finding]:
        new = tidied(name)
        if new and new != name:
            looks_the_same = unicodedata.normalize("NFC", name) == new
            message = f"want {new!r}, got {ascii(name) if looks_the_same else repr(name)}"
            remedy = "write it without spaces around it, and in the usual letters"
            yield self.finding(file, message, remedy, where=where)


class Fix(_fix.Fix):
    """Writes what would make two classes one not at all."""

    def __init__(self, data: Data) -> None:
        super().__init__(data)
        self.readings: dict[str, set[str]] = defaultdict(set)
        self.waiting: dict[str, list[Edit]] = defaultdict(list)

    def document(self, text: Text, image: Image) -> Iterator[Edit]:
        names = list(_names(text.document, self.data.format))
        if self.data.format == "voc":
            elements = [item.find("name") for item in text.xml.iter("object")]
            changes = [
                element.filled(escape(tidied(name))) if element else None
                for element, (_, name) in zip(elements, names, strict=True)
            ]
        else:
            changes = [_rewritten(text, path_of(where), name) for where, name in names]
        yield from self._take(text, [name for _, name in names], changes)

    def finish(self) -> Iterator[Edit]:
        for text in _yaml(self.data):
            found = list(_scalars(text))
            changes = [_quoted(text, span, name) for _, name, span in found]
            yield from self._take(text, [name for _, name, _ in found], changes)
        canonical = self.data.classes.canonical
        for new, edits in self.waiting.items():
            (reading, *others) = self.readings[new]
            if not others and canonical(new) in (new, canonical(reading)):
                yield from edits

    def _take(
        self, text: Text, names: Sequence[str], changes: Sequence[Change | None]
    ) -> Iterator[Edit]:
        """The edits of one file that change no class; others wait for the end."""
        spellings: dict[str, set[str]] = defaultdict(set)
        for name in names:
            spellings[tidied(name)].add(name)
            self.readings[tidied(name)].add(_read(name))
        declared = self.data.format in ("coco", "yolo")
        for name, change in zip(names, changes, strict=True):
            new = tidied(name)
            if change is None or new in ("", name) or (declared and len(spellings[new]) > 1):
                continue
            if new == _read(name):
                yield text.edit(change)
            else:
                self.waiting[new].append(text.edit(change))


def _read(name: str) -> str:
    """The name as `dataforge.classes.resolver.ClassMap` compares it."""
    return unicodedata.normalize("NFC", name.strip())


def _rewritten(text: Text, path: Path, name: str) -> Change | None:
    new = tidied(name)
    if new == name:
        return None  # nothing is looked up for the many names that are as they should be
    return text.json.replaced(path, json.dumps(new, ensure_ascii="\\u" in text.json.raw(path)))


# The YAML file of a YOLO dataset ----------------------------------------------------------------


def _yaml(data: Data) -> Iterator[Text]:
    """The file that names the classes of a YOLO dataset, if it is one."""
    names = [find_yaml(data.root)] if data.format == "yolo" else []
    yield from (Text(Document(data.root, name)) for name in names if name)


def _scalars(text: Text) -> Iterator[tuple[str, str, Span]]:
    """(place, name, span) of each class."""
    import yaml

    try:
        top = yaml.compose(text.text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise ParseError(text.name, "", f"is not YAML: {error}") from error
    for key, value in top.value:
        nodes = value.value if key.value == "names" else []
        for node in nodes if isinstance(nodes, list) else []:
            name = node[1] if isinstance(node, tuple) else node
            if isinstance(name, yaml.ScalarNode):
                span = name.start_mark.index, name.end_mark.index
                yield f"line {name.start_mark.line + 1}", name.value, span


def _quoted(text: Text, span: Span, name: str) -> Change:
    """In quotes: what was no mark of YAML's may be one now."""
    return (*span, json.dumps(tidied(name), ensure_ascii=False))
