"""``dataforge formats``."""

from __future__ import annotations

import json

from command_line import Cli

from dataforge.converters import CONVERTERS
from dataforge.formats import formats


def test_every_format_is_listed_with_its_losses(cli: Cli) -> None:
    result = cli("formats")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    for name, one in formats().items():
        (head,) = [line for line in lines if line.startswith(f"{name}: ")]
        assert one.about in head
        assert ("written" in head) is (one.writer is not None)
        assert ("read" in head.rsplit("(", 1)[1]) is (one.reader is not None)
        for lost in one.lossy:
            assert f"  cannot hold: {lost}" in lines
    assert lines[-1] == "converters: " + ", ".join(CONVERTERS)


def test_as_json(cli: Cli) -> None:
    document = json.loads(cli("formats", "--json").stdout)
    assert document["converters"] == [*CONVERTERS]
    (images,) = [one for one in document["formats"] if one["name"] == "images"]
    assert (images["reads"], images["writes"]) == (True, False)
    assert cli("formats", "--json", "--markdown").returncode == 2


def test_as_markdown(cli: Cli) -> None:
    rows = cli("formats", "--markdown").stdout.splitlines()
    assert {row.count(" | ") for row in rows[:1] + rows[2 : 2 + len(formats())]} == {4}
    assert [row.split("`")[1] for row in rows if row.startswith("| `")] == [*formats()]
    assert "`labelme2coco`" in rows[-1]
