"""``dataforge formats``."""

from __future__ import annotations

import typer

from dataforge.cli.output import say
from dataforge.converters import CONVERTERS
from dataforge.formats import formats, get_format


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("formats", help=_HELP, short_help="List the formats and converters.")(_formats)


_HELP = """List the formats: what is read and written, what each cannot hold; and the converters."""


def _formats(
    markdown: bool = typer.Option(False, "--markdown", help="As in the README."),
) -> None:
    for line in as_markdown() if markdown else as_text():
        say(line)


def as_text() -> list[str]:
    """A paragraph for each format, then the converters."""
    lines = []
    for name, row in formats().items():
        lines.append(f"{name}: {row.about} ({_verbs(name)})")
        lines += [f"  cannot hold: {lost}" for lost in get_format(name).LOSSY]
    return [*lines, "", "converters: " + ", ".join(CONVERTERS)]


def as_markdown() -> list[str]:
    """The README's table."""
    lines = ["| format | what | read | written | cannot hold |", "|---|---|---|---|---|"]
    for name, row in formats().items():
        lost = "; ".join(get_format(name).LOSSY) or "nothing is lost"
        marks = ("yes" if row.reads else "no", "yes" if row.writes else "no")
        cells = (f"`{name}`", row.about, *marks, lost)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, "", "Converters: " + ", ".join(f"`{name}`" for name in CONVERTERS) + "."]


def _verbs(name: str) -> str:
    row = formats()[name]
    verbs = ["read"] * row.reads + ["written"] * row.writes
    return " and ".join(verbs) or "neither read nor written"
