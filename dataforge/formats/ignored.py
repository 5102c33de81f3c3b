"""Regions and objects that a dataset marks to be left alone in training and evaluation."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from dataforge.codes import code
from dataforge.findings import Finding, Place

Ignored: TypeAlias = Annotated[
    Literal["ignore", "drop"],
    msgspec.Meta(
        description="Objects and regions that are marked to be ignored: crowds, on which nothing "
        "is trained or judged (ignore), or left out (drop)."
    ),
]
"""The option `ignored` of a reader."""


def ignored_dropped(label: str, place: Place) -> Finding:
    """The finding on such an object that is left out."""
    return code("ignored-dropped").at(
        place, f"{label!r} is marked to be ignored: skipped as requested", lost=1
    )
