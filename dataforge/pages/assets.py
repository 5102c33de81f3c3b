"""The files of a page, which are the same for all data: those that pages share, and its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dataforge.errors import OutputError
from dataforge.io import asset

_HEAD = "<!-- head -->\n"
"""Where the head that all pages share stands in a page."""

MADE_BY = b"dataforge.index("
"""How the data of a page begin."""


def refuse_foreign(folder: Path) -> None:
    """Refuse to replace a folder that no page stands in.

    Raises:
        OutputError: it exists, and is not the folder of a page's data.
    """
    index = folder / "data" / "index.js"
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not index.is_file() or MADE_BY not in _head(index):
        raise OutputError(f"{folder}: is not an earlier page; remove it, or name another folder")


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(100)


def copy_page(page: Path, out: Path, name: str, index: str = "index.html") -> None:
    """Copy the files of a page to a folder; make the folder of its data, ``name/data``.

    Args:
        page: folder with ``index.html``, which goes to the folder itself with the head that all
            pages share, and the page's own scripts and styles, which go to ``name/app`` with
            those that all pages share.
        out: existing folder.
        name: of the folder in it; ``index.html`` names it.
        index: what ``index.html`` is called there.
    """
    for folder in ("data", "app"):
        (out / name / folder).mkdir(parents=True)
    for path in sorted([*asset("pages", "app").iterdir(), *page.iterdir()]):
        if path.is_file() and path.name != "index.html":
            shutil.copyfile(path, out / name / "app" / path.name)
    head = asset("pages", "head.html").read_text("utf-8").replace("{folder}", name)
    text = (page / "index.html").read_text("utf-8")
    (out / index).write_text(text.replace(_HEAD, head), "utf-8")
