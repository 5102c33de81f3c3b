"""The files of the page itself, which are the same for every dataset."""

from __future__ import annotations

import shutil
from pathlib import Path

from dataforge.io import asset

MADE_BY = b"dataforge.index("
"""How the data of a page begin."""


def copy_page(out: Path) -> None:
    """Copy ``index.html``, and what it needs, to a folder; create the folders of its data."""
    page = asset("verbs", "browse", "page")
    for name in ("data", "thumbs", "app"):
        (out / "browse" / name).mkdir(parents=True)
    for path in sorted(page.iterdir()):
        home = out if path.name == "index.html" else out / "browse" / "app"
        if path.is_file():
            shutil.copyfile(path, home / path.name)
