"""``dataforge explain``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Optional

import typer

from dataforge.checks import GROUPS, Row, checks, get_check
from dataforge.cli.output import say
from dataforge.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain", help=_HELP, short_help="Say what a finding means.")(_explain)


_HELP = """Say what a finding means, why it matters and what to do about it.

Without a code: all codes, by group. With a group in its place: the codes of that.
"""


def _explain(
    code: Optional[str] = typer.Argument(
        None, metavar="[CODE]", help="Such as zero-area; or a group: boxes."
    ),
    markdown: bool = typer.Option(False, "--markdown", help="All of them, as in the README."),
) -> None:
    if code and markdown:
        raise UsageError("--markdown is for all codes: leave out the one")
    groups = {row.group for row in checks().values()}
    if code and code not in groups:
        say(as_page(get_check(code)))
        return
    for line in as_markdown() if markdown else as_text([code] if code else sorted(groups)):
        say(line)


def as_page(row: Row) -> str:
    """A check's page under a line with its code."""
    fix = f", fix {row.fix}" if row.fix else ""
    return f"{row.code} ({row.group}, {row.load().SEVERITY}{fix})\n\n{row.page}"


def as_text(groups: Iterable[str]) -> Iterator[str]:
    """All codes of these groups, a line each."""
    rows = list(checks().values())
    width = max(len(row.code) for row in rows)
    for group in groups:
        yield f"{group}: {GROUPS[group]}" if group in GROUPS else group
        for row in rows:
            if row.group == group:
                yield f"  {row.code:{width}}  {row.load().SEVERITY:7}  {row.title}"


def as_markdown() -> Iterator[str]:
    """The README's table."""
    yield "| code | group | severity | what | `--fix` |"
    yield "|---|---|---|---|---|"
    for row in sorted(checks().values(), key=lambda row: (row.group, row.code)):
        cells = (f"`{row.code}`", row.group, row.load().SEVERITY, row.title, row.fix)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
