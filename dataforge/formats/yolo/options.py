"""How label files are read."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    data: Annotated[
        str | None,
        msgspec.Meta(description="The data.yaml to read, if there are several."),
    ] = None
    oriented: Annotated[
        Literal["box", "outline"],
        msgspec.Meta(
            description="What oriented boxes become: the upright box around their corners, or "
            "this with the corners as its outline."
        ),
    ] = "box"
