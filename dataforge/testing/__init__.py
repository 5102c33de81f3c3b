"""The tests of a format, for our own and for those of other packages; they need pytest.

A format inherits what every format promises, and brings a tiny dataset that is written by hand,
with the records that are in it, worked out by hand::

    from dataforge.testing import Broken, Edited, FormatContract, picture, write

    class TestAcme(FormatContract):
        format = "acme"
        records = (Image(file_name="a b.jpg", width=64, height=48, ...), ...)

        def dataset(self, folder):
            picture(folder / "a b.jpg")
            write(folder / "a b.acme", "cat 8 12 24 36\\n")

        def one(self, folder, name, label): ...

The format is in the table already: a package that adds one is installed, at least with its entry
points. Tests of what it cannot do, to write or to edit, are left out. `driver` reads, writes and
edits with a format alone, for tests of its own.
"""

from __future__ import annotations

import pytest

for _name in ("contract", "editing", "reading", "writing"):
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from dataforge.testing import driver
from dataforge.testing.base import python
from dataforge.testing.contract import FormatContract
from dataforge.testing.driver import Read
from dataforge.testing.editing import Edited
from dataforge.testing.files import HEIGHT, WIDTH, opens, picture, snapshot, write
from dataforge.testing.reading import Broken
from dataforge.testing.samples import BOX, LABELS, NAMES, SIZE

__all__ = [
    "BOX",
    "HEIGHT",
    "LABELS",
    "NAMES",
    "SIZE",
    "WIDTH",
    "Broken",
    "Edited",
    "FormatContract",
    "Read",
    "driver",
    "opens",
    "picture",
    "python",
    "snapshot",
    "write",
]
