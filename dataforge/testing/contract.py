"""What every format promises; a format has it tested by a subclass of `FormatContract`."""

from __future__ import annotations

from typing import Any

from dataforge.formats import get_format
from dataforge.testing.editing import EditingContract
from dataforge.testing.reading import ReadingContract
from dataforge.testing.writing import WritingContract


class FormatContract(ReadingContract, WritingContract, EditingContract):
    """Base of the tests of each format; see `dataforge.testing.base.Subject` for what it brings."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        format_ = get_format(cls.format)
        sides = {ReadingContract: format_.reader, WritingContract: format_.writer,
                 EditingContract: format_.editor}  # fmt: skip
        for tests, side in sides.items():
            for name in vars(tests) if side is None else ():
                if name.startswith("test_"):
                    setattr(cls, name, None)  # pytest collects what can be called
