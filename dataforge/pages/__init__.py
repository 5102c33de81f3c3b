"""Pages that open from disk: what those of all verbs share.

A page is an ``index.html`` beside a folder: ``app`` has its scripts and styles, some its own and
some from ``dataforge/pages/app``; ``data`` has what it shows, as scripts (`script`), because a page
from disk may not read files. Nothing in it is built, and it asks for nothing from the network.
"""

from __future__ import annotations

from dataforge.pages.assets import copy_page, refuse_foreign
from dataforge.pages.pictures import COPY, THUMBNAIL, Picture, picture
from dataforge.pages.scripts import script, write_script

__all__ = [
    "COPY",
    "THUMBNAIL",
    "Picture",
    "copy_page",
    "picture",
    "refuse_foreign",
    "script",
    "write_script",
]
