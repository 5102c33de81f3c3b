"""The annotation files of a folder, among which each format recognises its own."""

from __future__ import annotations

import re
from functools import cached_property

import msgspec

from dataforge.codes import code
from dataforge.errors import ParseError
from dataforge.findings import Finding, Place
from dataforge.formats.json_blocks import OddJsonError, json_blocks
from dataforge.formats.signatures import (
    HEAD,
    Foreign,
    Signature,
    counted,
    json_signature,
    not_readable,
    text_signatures,
    xml_signature,
)
from dataforge.io import (
    MAX_COCO_BYTES,
    Root,
    decode_repaired,
    is_image,
    last_part,
    stem,
    to_utf8,
)


class Recognised(msgspec.Struct, frozen=True):
    """The files of a format in a folder.

    Attributes:
        files: number of annotation files in the format.
        evidence: a sentence that says why.
    """

    files: int
    evidence: str = ""


class _Keys(msgspec.Struct):
    """The keys that identify the format of a JSON file."""

    shapes: msgspec.Raw = msgspec.Raw()
    images: msgspec.Raw = msgspec.Raw()
    categories: msgspec.Raw = msgspec.Raw()
    annotations: msgspec.Raw = msgspec.Raw()


def _kind(keys: _Keys) -> str:
    """What a JSON file is by its keys: labelme, coco, panoptic, or empty."""
    given = [raw for raw in (keys.shapes, keys.images, keys.categories) if memoryview(raw)]
    if not all(memoryview(raw)[0] == ord("[") for raw in given):
        return ""
    if memoryview(keys.shapes):
        return "labelme"
    if not (memoryview(keys.images) and memoryview(keys.categories)):
        return ""
    return "panoptic" if b'"segments_info"' in _first(keys) else "coco"


def _first(keys: _Keys) -> bytes:
    return bytes(memoryview(keys.annotations)[:HEAD])


def _keys_of_large(root: Root, name: str) -> _Keys | None:
    """The keys of a large JSON file, with the first bytes of their values; None of any other."""
    blocks = json_blocks(root, name)
    if blocks is None:
        return None
    found: dict[str, msgspec.Raw] = {}
    try:
        with blocks as parts:
            for part in parts:
                if part.key in _Keys.__struct_fields__:
                    found.setdefault(part.key, msgspec.Raw(part.data[:HEAD]))
    except (OddJsonError, OSError):
        return None
    return _Keys(**found)


class Texts:
    """The annotation files of a folder; each JSON and XML file is examined once, for all formats.

    Attributes:
        root: the folder.
        labelme, coco, voc: names of the JSON and XML files in these formats.
        documents: name -> its format, for other JSON and XML files whose format is known.
        other: name -> what it is, for other JSON and XML files.
        findings: on files that cannot be read.
    """

    def __init__(self, root: Root) -> None:
        self.root = root
        self.labelme: list[str] = []
        self.coco: list[str] = []
        self.voc: list[str] = []
        self._files = {"labelme": self.labelme, "coco": self.coco}
        self.documents: dict[str, Signature] = {}
        self.other: dict[str, str] = {}
        self.findings: list[Finding] = []
        for name in root.files():
            if name.lower().endswith(".json"):
                self._look_into_json(root, name)
            elif name.lower().endswith(".xml"):
                self._look_into_xml(root, name)

    def beside_images(self, extension: str) -> list[str]:
        """The files with an extension (lower case) that have the name of an image in any folder."""
        names = self.root.files()
        images = {last_part(stem(name)) for name in names if is_image(name)}
        return [
            name
            for name in names
            if name.lower().endswith(extension) and last_part(stem(name)) in images
        ]

    @cached_property
    def texts(self) -> dict[str, Signature]:
        """Name -> its format, for text files, tables and others whose format is known."""
        return text_signatures(self.root, self.root.files())

    def of(self, format_: str, *, texts: bool = False) -> list[str]:
        """The files that have a signature of a format, see `Format.signatures`.

        Args:
            format_: its name.
            texts: whether its files are neither JSON nor XML.
        """
        found = self.texts if texts else self.documents
        return sorted(name for name, row in found.items() if row.format == format_)

    @property
    def foreign(self) -> list[Foreign]:
        """The formats that are recognised and not read, that of the most files first."""
        return counted(not_readable(self.documents | self.texts))

    def _look_into_json(self, root: Root, name: str) -> None:
        large = _keys_of_large(root, name)
        if large is not None and (known := self._files.get(_kind(large))) is not None:
            known.append(name)
            return
        try:
            data = to_utf8(root.look(name, MAX_COCO_BYTES), name)[0]
        except ParseError as error:
            self._unreadable("unreadable-json", error)
            return
        try:
            keys = decode_repaired(data, _Keys, name)[0]
        except ParseError as error:
            if isinstance(error.__cause__, msgspec.ValidationError):
                self._other_json(name, data)
            else:
                self._unreadable("unreadable-json", error)
            return
        kind = _kind(keys)
        if kind in self._files:
            self._files[kind].append(name)
        else:
            self._other_json(name, _first(keys) if kind == "panoptic" else data)

    def _other_json(self, name: str, data: bytes) -> None:
        if signature := json_signature(data):
            self.documents[name] = signature
        else:
            self.other[name] = "JSON of no format that dataforge reads"

    def _look_into_xml(self, root: Root, name: str) -> None:
        try:
            head = root.look(name)[:HEAD]
        except ParseError as error:
            self._unreadable("unreadable-xml", error)
            return
        first = re.search(rb"<([A-Za-z_][\w.:-]*)", head[:4096])
        if not first:
            self._unreadable("unreadable-xml", ParseError(name, "", "is not XML: no element"))
        elif b"<bndbox" not in head and (signature := xml_signature(head)):
            self.documents[name] = signature
        elif first[1].rpartition(b":")[2].lower() == b"annotation":
            self.voc.append(name)
        else:
            self.other[name] = f"XML with root <{first[1].decode()}>, not <annotation> as in VOC"

    def _unreadable(self, name: str, error: ParseError) -> None:
        self.findings.append(code(name).at(Place.of(error), error.message, "restore the file"))
