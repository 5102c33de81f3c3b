"""Reads KITTI's label files: an item is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from dataforge import geometry
from dataforge.codes import code
from dataforge.findings import Place
from dataforge.formats.base import Context, Part, Reader
from dataforge.formats.kitti.files import find_files
from dataforge.formats.kitti.rows import DONT_CARE, Row, parse_row
from dataforge.formats.label_files import Listed
from dataforge.formats.label_files_read import LabelFilesReading
from dataforge.formats.outlines import in_order
from dataforge.io import Root
from dataforge.records import Instance


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How label files are read."""

    dont_care: Annotated[
        Literal["ignore", "drop"],
        msgspec.Meta(
            description="DontCare regions: crowds, on which nothing is trained or judged (ignore), "
            "or left out (drop)."
        ),
    ] = "ignore"


class KittiReader(Reader[ReadOptions]):
    """Reads one text file per image."""

    Options = ReadOptions

    def open(self, root: Root, options: ReadOptions, context: Context) -> KittiReading:
        return KittiReading(root, options, context)


class KittiReading(LabelFilesReading[Row]):
    """The label files of one folder.

    Args:
        root: the folder.
        options: see `ReadOptions`.
        context: see `Context`.
    """

    def __init__(self, root: Root, options: ReadOptions, context: Context) -> None:
        super().__init__(root, context)
        self._drops = options.dont_care == "drop"

    def find(self) -> Part[Sequence[Listed]]:
        return (yield from find_files(self.root))

    def row(self, line: str, file: Listed) -> Row | str:
        return parse_row(line)

    def instance(self, row: Row, place: Place, size: tuple[int, int]) -> Part[Instance | None]:
        box = yield from in_order(row.box, row.label, place, place)
        is_ignored = row.label == DONT_CARE
        if is_ignored and self._drops:
            yield code("dont-care-dropped").at(
                place, f"{row.label} is skipped as requested", lost=1
            )
            return None
        return Instance(
            label=row.label,
            box=box,
            area=geometry.box_area(box),
            iscrowd=is_ignored,
            place=place,
            attributes=row.attributes,
        )
