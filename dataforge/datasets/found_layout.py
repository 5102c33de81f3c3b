"""The result of finding a layout."""

from __future__ import annotations

import msgspec

from dataforge.layouts import Layout


class FoundLayout(msgspec.Struct, frozen=True):
    """A layout, and how it was found, one sentence each."""

    layout: Layout
    reasons: tuple[str, ...]


def naming_folders(by_flags: bool) -> str:
    """How the user can name the folders: with options, if the command has them."""
    if by_flags:
        return "name the folders with --image-dir and --annotation-dir"
    return (
        "name the folders in a layout file (images = 'FOLDER', annotations = 'FOLDER') for --layout"
    )
