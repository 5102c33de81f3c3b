"""The files of the page itself, which are the same for every dataset."""

from __future__ import annotations

from pathlib import Path

from dataforge.io import asset
from dataforge.pages import copy_page as copy_files


def copy_page(out: Path) -> None:
    """Copy ``index.html``, and what it needs, to a folder; create the folders of its data."""
    copy_files(asset("verbs", "browse", "page"), out, "browse")
    (out / "browse" / "thumbs").mkdir()
