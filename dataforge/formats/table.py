"""Every format by name: its module, and what can be done with it.

A module is imported when it is asked for. Other packages add formats by the entry point group
``dataforge.formats``: a name and a module that offers what `dataforge.formats.base` says.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from dataforge.errors import DataforgeError, UsageError


class Format(msgspec.Struct, frozen=True):
    """One row.

    Attributes:
        module: dotted path.
        about: a phrase for the table that `dataforge formats` prints.
        reads, writes: whether it can be read and written.
    """

    module: str
    about: str
    reads: bool = True
    writes: bool = True


_FORMATS: dict[str, Format] = {
    "coco": Format("dataforge.formats.coco.write", "COCO instances JSON"),
    "images": Format("dataforge.formats.images.read", "images with nothing marked", writes=False),
    "labelme": Format("dataforge.formats.labelme.read", "labelme JSON beside each image"),
    "voc": Format("dataforge.formats.voc.read", "Pascal VOC XML, in any folders"),
    "yolo": Format("dataforge.formats.yolo.read", "YOLO text files, as Ultralytics trains on them"),
}


@cache
def formats() -> dict[str, Format]:
    """All formats, those of other packages too, by name.

    Raises:
        DataforgeError: two packages offer the same name, or one cannot be imported.
    """
    found = dict(_FORMATS)
    for point in entry_points(group="dataforge.formats"):
        if point.name in found:
            owner = found[point.name].module
            raise DataforgeError(
                f"format {point.name!r} of {point.value} clashes with {owner}: uninstall one"
            )
        module = load_plugin(point)
        about = (module.__doc__ or "").strip().split("\n")[0].rstrip(".")
        found[point.name] = Format(
            point.value, about, reads=hasattr(module, "read"), writes=hasattr(module, "write")
        )
    return dict(sorted(found.items()))


def load_plugin(point: EntryPoint) -> Any:
    """What another package offers.

    Raises:
        DataforgeError: it cannot be imported, saying whose it is.
    """
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        owner = f" of {point.dist.name}" if point.dist else ""
        raise DataforgeError(
            f"{point.group}: {point.name!r} ({point.value}){owner} cannot be imported: {error}; "
            "mend or uninstall it"
        ) from error


def get_format(name: str) -> Any:
    """The module of a format.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in formats():
        raise UsageError(f"no format {name!r}; there are {', '.join(formats())}")
    return import_module(formats()[name].module)
