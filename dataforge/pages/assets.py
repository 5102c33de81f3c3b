"""The files of a page, which are the same for all data: those that pages share, and its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from dataforge.io import asset


def copy_page(page: Path, out: Path, name: str) -> None:
    """Copy the files of a page to a folder; make the folder of its data, ``name/data``.

    Args:
        page: folder with ``index.html``, which goes to the folder itself, and the page's own
            scripts and styles, which go to ``name/app`` with those that all pages share.
        out: existing folder.
        name: of the folder in it; ``index.html`` names it.
    """
    for folder in ("data", "app"):
        (out / name / folder).mkdir(parents=True)
    for path in sorted([*asset("pages", "app").iterdir(), *page.iterdir()]):
        home = out if path.name == "index.html" else out / name / "app"
        if path.is_file():
            shutil.copyfile(path, home / path.name)
