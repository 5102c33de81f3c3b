"""What an element says of its object beside the shape, both ways."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dataforge.io import in_64_bits

if TYPE_CHECKING:
    from lxml import etree

DIFFICULT, CROWD = "difficult", "iscrowd"
"""Attributes in which flags are written that CVAT does not have."""

_FLAGS = {"occluded": bool, "z_order": int, "group_id": int}
"""XML attribute -> type of the attribute that it becomes, unless it is 0."""

_NUMBER = re.compile(r"[+-]?\d{1,18}")


def attributes_of(
    element: etree._Element, label: str, types: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """The attributes of an object; those that a person gave it, by their types in <meta>."""
    found: dict[str, Any] = {}
    for name, type_ in _FLAGS.items():
        value = element.get(name, "0")
        if _NUMBER.fullmatch(value) and int(value):
            found[name] = type_(int(value))
    source = element.get("source", "manual")
    if source not in ("manual", ""):
        found["source"] = source
    for child in element.iterchildren("attribute"):
        name = (child.get("name") or "").strip()
        if name:
            found[name] = _value(child.text or "", types.get((label, name), ""))
    return found


def _value(text: str, type_: str) -> Any:
    """A text by its input type; numbers and truth values, too, where <meta> does not say it."""
    if type_ in ("checkbox", "") and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if type_ in ("number", ""):
        if _NUMBER.fullmatch(text):
            return in_64_bits(int(text))
        try:
            value = float(text)
        except ValueError:
            return text
        return value if math.isfinite(value) else text
    return text


class Written(dict[str, Any]):
    """The attributes of an object, taken apart for writing.

    Attributes:
        flags: XML attribute -> its text.
        unheld: names of those that cannot be written.
    """

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        super().__init__()
        self.flags: dict[str, str] = {}
        self.unheld: list[str] = []
        for name, value in attributes.items():
            if name in _FLAGS and isinstance(value, int) and value > 0 and _is(name, value):
                self.flags[name] = str(int(value))
            elif name == "source" and isinstance(value, str) and value not in ("", "manual"):
                self.flags[name] = value
            elif name.strip() == name and name and _is_held(value):
                self[name] = value
            else:
                self.unheld.append(name)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Name and text of each."""
        for name, value in self.items():
            yield name, _text(value)


def _is(name: str, value: int) -> bool:
    """Whether a flag is read back with its type."""
    return isinstance(value, bool) == (_FLAGS[name] is bool)


def _is_held(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str | int) and (not isinstance(value, int) or abs(value) < 10**18)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def type_of(value: Any) -> str:
    """The input type by which a value is read back as it is."""
    if isinstance(value, bool):
        return "checkbox"
    return "number" if isinstance(value, int | float) else "text"
