"""``dataforge explain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from dataforge.checks import find_known_code, known_codes
from dataforge.cli import options
from dataforge.cli.command import Argument, Command, Option
from dataforge.cli.output import Output, say_lines, show_markdown
from dataforge.codes import GROUPS, Code, code
from dataforge.errors import UsageError
from dataforge.formats import formats

_HELP = """Explain a finding's code: what it means, why it matters, and how to fix it.

Without CODE all codes are listed, by group; with the name of a group, the codes of that group.
"""


def command() -> Command:
    """The command."""
    return Command(
        "explain",
        _explain,
        help=_HELP,
        params=[
            Argument(
                "name",
                required=False,
                metavar="[CODE]",
                help="Such as zero-area; or a group, such as boxes.",
            ),
            Option(
                "--markdown",
                is_flag=True,
                default=False,
                help="Print the table of all codes as Markdown.",
            ),
            options.output(exit_zero=False, report=False),
        ],
    )


def _explain(name: str | None, markdown: bool, output: Output) -> int:
    if markdown and (name or output.json):
        raise UsageError("--markdown is the table of all codes; it takes no CODE and no --json")
    known = [code(one) for one in known_codes()]
    if markdown:
        say_lines(as_markdown())
        return 0
    groups = {one.group for one in known}
    chosen = [one for one in known if name in (None, one.group)]
    if name and name not in groups:
        found = find_known_code(name)
        return output.give(_plain(found), lambda _: show_markdown(as_page(found)))
    return output.give([_plain(one) for one in chosen], lambda _: say_lines(as_text(chosen)))


def _plain(one: Code) -> dict[str, Any]:
    return {
        "code": one.name,
        "group": one.group,
        "severity": one.severity,
        "fix": one.fix,
        "title": one.page.title,
        "page": one.page.body,
    }


def as_page(one: Code) -> str:
    """A code's page, between a line with its name, group, severity and fix, and its address."""
    fix = f", fix {one.fix}" if one.fix else ""
    first = f"{one.name} ({one.group}, {' or '.join(one.severities)}{fix})"
    return f"{first}\n\n{one.page}\n{page_address(one.name)}".rstrip()


def page_address(name: str) -> str:
    """Where a code's page is on the site, if the package's metadata say where the site is."""
    try:
        urls = metadata("dataforge-cv").get_all("Project-URL") or []
    except PackageNotFoundError:  # run from a checkout
        return ""
    sites = dict(url.split(", ", 1) for url in urls)
    site = sites.get("Documentation", "").rstrip("/")
    return f"{site}/codes/{name}.html" if site else ""


def as_text(chosen: Sequence[Code]) -> Iterator[str]:
    """These codes by group, one per line."""
    width = max(len(one.name) for one in chosen)
    for group in sorted({one.group for one in chosen}):
        own = f"{group} files only" if group in formats() else ""
        yield ": ".join(filter(None, (group, GROUPS.get(group, own))))
        for one in chosen:
            if one.group == group:
                yield f"  {one.name:{width}}  {one.severity:7}  {one.page.title}"


def as_markdown() -> Iterator[str]:
    """The table of the site's page of all findings."""
    yield "| code | group | severity | what | `--fix` |"
    yield "|---|---|---|---|---|"
    known = (code(one) for one in known_codes())
    for one in sorted(known, key=lambda one: (one.group, one.name)):
        cells = (f"`{one.name}`", one.group, " or ".join(one.severities), one.page.title, one.fix)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
