"""XML parsing without entities, DTDs or network access; errors have a location."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dataforge.errors import ParseError
from dataforge.io.limits import MAX_TAGS

if TYPE_CHECKING:
    from lxml import etree

_ENTITIES = "declares entities, which are not read for safety; remove them"


def parse_xml(data: bytes, name: str) -> etree._Element:
    """Parse an XML file into its root element; entities, DTDs and network access are disabled.

    A declared multi-byte encoding (gb2312, gbk, big5) is respected.

    Raises:
        ParseError: the XML is invalid, and the error has the line; or it is too large.
    """
    from lxml import etree

    # Without zero bytes, UTF-16 and UTF-32 are searched as well.
    if b"<!ENTITY" in data or (b"\0" in data and b"<!ENTITY" in data.replace(b"\0", b"")):
        raise ParseError(name, "", _ENTITIES)
    if not data.strip():
        raise ParseError(name, "", "is empty")
    if data.count(b"<") > MAX_TAGS:
        raise ParseError(name, "", f"has more than {MAX_TAGS:,} tags: not read")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        element = etree.fromstring(_undeclared_gb(data), parser)
        dtd: Any = element.getroottree().docinfo.internalDTD
        if dtd is not None and any(True for _ in dtd.iterentities()):
            raise ParseError(name, "", _ENTITIES)  # missed above: another encoding
        return element
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        message = re.sub(r", line \d+, column \d+.*$", "", str(error))
        raise ParseError(name, f"line {line}" if line else "", message) from error


def declared_encoding(data: bytes) -> str:
    """The encoding declared in an XML file, in lower case; empty if there is none."""
    found = re.match(rb"\s*<\?xml[^>]*encoding=[\"']([\w.-]+)", data)
    return found[1].decode("ascii", "replace").lower() if found else ""


def _undeclared_gb(data: bytes) -> bytes:
    """The text as UTF-8 if it is GBK declared as UTF-8 or undeclared, as by old Windows tools."""
    if data.isascii() or (declared_encoding(data) or "utf-8") != "utf-8":
        return data
    try:
        data.decode("utf-8-sig")
        return data
    except UnicodeDecodeError:
        with suppress(UnicodeDecodeError):
            text = data.decode("gb18030")
            return re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode()
    return data
