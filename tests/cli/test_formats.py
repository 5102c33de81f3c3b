"""``dataforge formats``, and the README's table that it makes."""

from __future__ import annotations

from helpers import REPO, python

from dataforge.cli.formats import as_markdown
from dataforge.converters import CONVERTERS
from dataforge.formats.table import formats, get_format

BEGIN, END = "<!-- formats:begin -->\n", "<!-- formats:end -->\n"


def test_every_format_is_listed_with_what_it_cannot_hold() -> None:
    result = python("-m", "dataforge", "formats")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    for name, row in formats().items():
        (head,) = [line for line in lines if line.startswith(f"{name}: ")]
        assert row.about in head
        assert ("written" in head) is hasattr(get_format(name), "write")
        assert ("read" in head.rsplit("(", 1)[1]) is hasattr(get_format(name), "read")
        for lost in get_format(name).LOSSY:
            assert f"  cannot hold: {lost}" in lines
    assert lines[-1] == "converters: " + ", ".join(CONVERTERS)


def test_the_readme_has_this_table() -> None:
    """If this fails: put the output of `dataforge formats --markdown` between the markers."""
    text = (REPO / "README.md").read_text("utf-8")
    inside = text.split(BEGIN)[1].split(END)[0]
    assert inside == "\n".join(as_markdown()) + "\n"
    assert python("-m", "dataforge", "formats", "--markdown").stdout == inside
