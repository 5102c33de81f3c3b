"""All formats by name, each with the package that defines its ``FORMAT``.

Other packages add formats with the entry point group ``dataforge.formats``: a name, and a
`dataforge.formats.Format`.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

import msgspec

from dataforge.errors import DataforgeError
from dataforge.formats.base import Format
from dataforge.formats.recognise import Recognised, Texts
from dataforge.io import Plugins

_TABLE = Plugins(
    "dataforge.formats",
    {
        "bdd100k": "dataforge.formats.bdd100k:FORMAT",
        "coco": "dataforge.formats.coco:FORMAT",
        "cocoresults": "dataforge.formats.cocoresults:FORMAT",
        "createml": "dataforge.formats.createml:FORMAT",
        "crowdhuman": "dataforge.formats.crowdhuman:FORMAT",
        "csv": "dataforge.formats.csv:FORMAT",
        "cvat": "dataforge.formats.cvat:FORMAT",
        "dota": "dataforge.formats.dota:FORMAT",
        "images": "dataforge.formats.images:FORMAT",
        "isat": "dataforge.formats.isat:FORMAT",
        "kitti": "dataforge.formats.kitti:FORMAT",
        "labelme": "dataforge.formats.labelme:FORMAT",
        "labelmexml": "dataforge.formats.labelmexml:FORMAT",
        "labelstudio": "dataforge.formats.labelstudio:FORMAT",
        "via": "dataforge.formats.via:FORMAT",
        "visdrone": "dataforge.formats.visdrone:FORMAT",
        "voc": "dataforge.formats.voc:FORMAT",
        "widerface": "dataforge.formats.widerface:FORMAT",
        "yolo": "dataforge.formats.yolo:FORMAT",
    },
)


@cache
def formats() -> dict[str, Format]:
    """All formats by name, sorted, including those of other packages."""
    added = _TABLE.added(_checked)
    own = {name: _TABLE.load(name) for name in _TABLE.names() if name not in added}
    return dict(sorted({**own, **added}.items()))


def _checked(point: EntryPoint, format_: Any) -> Format:
    if not isinstance(format_, Format) or format_.name != point.name:
        raise TypeError(f"{point.value} is not a dataforge.formats.Format named {point.name!r}")
    for side in (format_.reader, format_.writer):
        if side:
            msgspec.structs.fields(side.Options)  # raises if it is not a struct
    return format_


def recognised(texts: Texts) -> dict[str, Recognised]:
    """What each format recognises in a folder; a plug-in that fails is left out."""
    found = {}
    for name, format_ in formats().items():
        if format_.recognise:
            try:
                with _TABLE.using(name):
                    found[name] = format_.recognise(texts)
            except DataforgeError:
                if not _TABLE.failure(name):
                    raise
    return found


def get_format(name: str) -> Format:
    """The format with a name.

    Raises:
        UsageError: there is none.
        DataforgeError: it belongs to another package and cannot be loaded.
    """
    if name not in formats():
        raise _TABLE.unknown(name)
    return formats()[name]
