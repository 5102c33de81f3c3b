"""``dataforge formats``."""

from __future__ import annotations

from typing import Any

from dataforge.cli import options
from dataforge.cli.command import Command, Option
from dataforge.cli.output import Output, say_lines
from dataforge.converters import CONVERTERS
from dataforge.errors import UsageError
from dataforge.formats import Format, formats


def command() -> Command:
    """The command."""
    return Command(
        "formats",
        _formats,
        help="List formats and converters: what they read and write, and what is lost.",
        params=[
            Option("--markdown", is_flag=True, default=False, help="Print it as Markdown."),
            options.output(exit_zero=False, report=False),
        ],
    )


def _formats(markdown: bool, output: Output) -> int:
    if markdown and output.json:
        raise UsageError("--markdown and --json: choose one")
    return output.give(
        _plain(), lambda _: say_lines(as_markdown() if markdown else as_text(), wrap=not markdown)
    )


def _plain() -> dict[str, Any]:
    rows = [
        {
            "name": one.name,
            "about": one.about,
            "reads": one.reader is not None,
            "writes": one.writer is not None,
            "lossy": one.lossy,
        }
        for one in formats().values()
    ]
    return {"formats": rows, "converters": [*CONVERTERS]}


def as_text() -> list[str]:
    """A paragraph for each format, then the converters."""
    lines = []
    for one in formats().values():
        lines.append(f"{one.name}: {one.about} ({_verbs(one)})")
        lines += [f"  cannot hold: {lost}" for lost in one.lossy]
    return [*lines, "", "converters: " + ", ".join(CONVERTERS)]


def as_markdown() -> list[str]:
    """The table of the site's page of formats."""
    lines = ["| format | what | read | written | cannot hold |", "|---|---|---|---|---|"]
    for one in formats().values():
        lost = "; ".join(one.lossy) or "nothing is lost"
        marks = ("yes" if one.reader else "no", "yes" if one.writer else "no")
        cells = (f"`{one.name}`", one.about, *marks, lost)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, "", "Converters: " + ", ".join(f"`{name}`" for name in CONVERTERS) + "."]


def _verbs(one: Format) -> str:
    verbs = ["read"] * (one.reader is not None) + ["written"] * (one.writer is not None)
    return " and ".join(verbs) or "neither read nor written"
