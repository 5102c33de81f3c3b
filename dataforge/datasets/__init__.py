from __future__ import annotations

from dataforge.datasets.infer import choose, known_as
from dataforge.datasets.placing import How, Placing, folder_of
from dataforge.datasets.source import (
    Progress,
    Source,
    apart,
    image_key,
    in_two_splits,
    in_utf8,
    layout_rules,
    options_of,
)

__all__ = [
    "How",
    "Placing",
    "Progress",
    "Source",
    "apart",
    "choose",
    "folder_of",
    "image_key",
    "in_two_splits",
    "in_utf8",
    "known_as",
    "layout_rules",
    "options_of",
]
