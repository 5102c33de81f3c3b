"""Which attribute of the regions is the class: VIA lets everybody name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dataforge.errors import OptionNeededError
from dataforge.formats.drawn import DrawnError

_USUAL = ("label", "class", "classname", "category", "type", "name", "object", "objectname")


def class_attribute(
    file: str, regions: Iterable[Mapping[str, Any]], declared: Mapping[str, Sequence[str]]
) -> str | None:
    """The attribute that is the class; None if the regions have no attributes.

    Args:
        file: that they are in, for the message.
        regions: their attributes.
        declared: attribute -> its options, as the project declares them.

    Raises:
        OptionNeededError: several could be it.
    """
    used: Counter[str] = Counter()
    number = 0
    for attributes in regions:
        number += 1
        used.update(name for name, value in attributes.items() if _says(value))
    if not used:
        return next(iter(declared)) if len(declared) == 1 else None
    if len(used) == 1:
        return next(iter(used))
    names = [*used]
    for candidates in (
        [name for name in names if declared.get(name) and _plain(name) == "label"],
        [name for name in names if _plain(name) in _USUAL],
        [name for name in names if declared.get(name) and used[name] == number],
        [name for name in names if used[name] == number],
    ):
        if len(candidates) == 1:
            return candidates[0]
        names = candidates or names
    names = sorted(names)
    raise OptionNeededError(
        f"{file}: several attributes could be the class: {', '.join(names[:8])}; name one with "
        "--label-attribute",
        "label_attribute",
        names,
    )


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _says(value: Any) -> bool:
    return value not in (None, "", {}, [], "undefined")


def class_of(value: Any) -> str:
    """The class that the value of an attribute is: a text, or the one box that is ticked.

    Raises:
        DrawnError: it is none, or several.
    """
    if isinstance(value, dict):
        ticked = [str(key) for key, on in value.items() if on in (True, 1, "true")]
        if len(ticked) > 1:
            raise DrawnError(f"has several classes: {', '.join(ticked[:5])}")
        value = ticked[0] if ticked else ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or not _says(value):
        raise DrawnError("has no class")
    if not (label := str(value).strip()):
        raise DrawnError("has no class")
    return label
