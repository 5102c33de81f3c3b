"""``dataforge formats``, and the README's table that it makes."""

from __future__ import annotations

import json

from command_line import Cli
from helpers import REPO

from dataforge.cli.formats import as_markdown
from dataforge.converters import CONVERTERS
from dataforge.formats import formats

BEGIN, END = "<!-- formats:begin -->\n", "<!-- formats:end -->\n"


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


def test_the_readme_has_this_table(cli: Cli) -> None:
    """If this fails: put the output of `dataforge formats --markdown` between the markers."""
    text = (REPO / "README.md").read_text("utf-8")
    inside = text.split(BEGIN)[1].split(END)[0]
    assert inside == "\n".join(as_markdown()) + "\n"
    assert cli("formats", "--markdown").stdout == inside
