"""What cannot be encoded as it is: names that are not UTF-8, integers beyond 64 bits."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dataforge.findings import Finding
from dataforge.formats import Evidence
from dataforge.io import escaped, in_64_bits


def is_utf8(text: str) -> bool:
    """False for a file name in another encoding, as old archives produce."""
    return text.isascii() or not re.search("[\ud800-\udfff]", text)


def in_utf8(finding: Finding) -> Finding:
    """The finding with escapes for the bytes of a name that is in another encoding.

    Without edits then: what they would write cannot be written.
    """
    place = finding.place
    written = is_utf8(place.file + place.pointer + finding.message + finding.remedy)
    if written and (not finding.edits or _is_encodable(finding.edits)):
        return finding
    place = msgspec.structs.replace(place, file=escaped(place.file), pointer=escaped(place.pointer))
    return msgspec.structs.replace(
        finding,
        place=place,
        message=escaped(finding.message),
        remedy=escaped(finding.remedy),
        edits=(),
    )


def _is_encodable(value: Any) -> bool:
    try:
        msgspec.msgpack.encode(value)
    except (UnicodeEncodeError, OverflowError):
        return False
    return True


def encodable(evidence: Evidence) -> Evidence:
    """The same where it can be encoded.

    Else with escapes for names in another encoding, and floats for integers beyond 64 bits.
    """
    if _is_encodable(evidence.value):
        return evidence
    return Evidence(evidence.kind, in_64_bits(escaped(evidence.value)))
