"""CrowdHuman's lists of persons: a line of JSON for each image."""

from __future__ import annotations

from dataforge.formats.base import Format
from dataforge.formats.crowdhuman.read import CrowdhumanReader, recognise
from dataforge.formats.signatures import Signature

__all__ = ["FORMAT"]

FORMAT = Format(
    name="crowdhuman",
    about="CrowdHuman's .odgt: full, visible and head boxes of persons",
    lossy=("of a person's three boxes, those that were not asked for: they are attributes",),
    reader=CrowdhumanReader(),
    recognise=recognise,
    signatures=(
        Signature(name="CrowdHuman", format="crowdhuman", json=r'"gtboxes"\s*:', path=r".*\.odgt"),
    ),
)
