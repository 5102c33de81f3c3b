"""One file per annotation format, one row each in `_table.py`."""

from __future__ import annotations

from dataforge.formats.base import Canonical, Each, Records, Step, finished
from dataforge.formats.recognise import Texts
from dataforge.formats.sizes import stated_size
from dataforge.formats.table import formats, get_format, load_plugin

__all__ = [
    "Canonical",
    "Each",
    "Records",
    "Step",
    "Texts",
    "finished",
    "formats",
    "get_format",
    "load_plugin",
    "stated_size",
]
