"""XML files of other formats beside Pascal VOC's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dataforge.findings import Finding
from dataforge.formats.other_files import other_files
from dataforge.formats.signatures import xml_signature


def foreign_format(data: bytes) -> str:
    """The name of the format that an XML file has in place of VOC; empty if none is recognised."""
    signature = None if b"<bndbox" in data else xml_signature(data)
    return signature.name if signature else ""


def passed_over(found: Sequence[Sequence[str]]) -> Iterator[Finding]:
    """The findings on files of other formats, one for each format.

    Args:
        found: [name of the format, file], in the order of the files.
    """
    for name in dict.fromkeys(name for name, _ in found):
        files = [file for own, file in found if own == name]
        yield from other_files(files, f"is not Pascal VOC, but {name}")
