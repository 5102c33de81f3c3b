"""Makes the pages of the reference from the code, when mkdocs builds the site.

An index of all findings and a page for each (`codes/`), the table of formats, each command with its
options, and what Python offers (`api/`), which mkdocstrings fills in from docstrings. The first
page is the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from mkdocs.structure.files import File, Files

from dataforge.checks import known_codes
from dataforge.cli.explain import as_markdown as table_of_codes
from dataforge.cli.formats import as_markdown as table_of_formats
from dataforge.cli.program import program
from dataforge.codes import GROUPS, Code, code

FORMATS = "<!-- formats -->"

API = {
    "functions": ("Functions", ["dataforge.api"]),
    "options": (
        "Options and reports",
        [
            "dataforge.verbs.check.CheckOptions",
            "dataforge.verbs.check.CheckReport",
            "dataforge.jobs",
            "dataforge.verbs.inspect.Inspection",
            "dataforge.verbs.split.SplitJob",
            "dataforge.verbs.split.SplitReport",
            "dataforge.verbs.register",
            "dataforge.verbs.smoke",
            "dataforge.verbs.stats",
            "dataforge.verbs.view",
            "dataforge.verbs.browse",
            "dataforge.classes.ClassOptions",
        ],
    ),
    "records": ("Records", ["dataforge.records"]),
    "findings": ("Findings and errors", ["dataforge.findings", "dataforge.errors"]),
    "geometry": ("Geometry", ["dataforge.geometry"]),
    "layouts": ("Layouts and registries", ["dataforge.layouts", "dataforge.converters"]),
    "formats": ("Formats", ["dataforge.formats"]),
    "models": ("Models", ["dataforge.models"]),
    "testing": ("Testing", ["dataforge.testing"]),
}
"""Page of the reference of Python -> its title, and what of the code is on it."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from the code."""
    pages = {
        "index.md": _first_page(),
        "codes/index.md": "\n".join(_index()),
        "cli.md": "\n".join(_command_line()),
    }
    pages |= {f"api/{name}.md": "\n".join(_api(*part)) for name, part in API.items()}
    pages |= {f"codes/{name}.md": "\n".join(_page(code(name))) for name in known_codes()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the table of formats where a page asks for it."""
    return markdown.replace(FORMATS, "\n".join(table_of_formats()))


def _first_page() -> str:
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    # Files beside the README are no pages of the site.
    return re.sub(r"\[(\w+\.md)\]\(\1\)", r"`\1`", readme).replace("](docs/", "](")


def _index() -> Iterator[str]:
    yield "# Findings\n"
    yield "What dataforge says about a dataset or a config, by the code in the brackets of a line"
    yield "of `check`. `dataforge explain CODE` prints the same pages.\n"
    yield "The group says what a code is about:\n"
    yield from (f"- `{group}`: {about}" for group, about in GROUPS.items())
    yield ""
    for line in table_of_codes():
        name = line.split("`")[1] if line.startswith("| `") else ""
        yield line.replace(f"`{name}`", f"[`{name}`]({name}.md)", 1) if name else line


def _page(one: Code) -> Iterator[str]:
    fix = f" · `--fix`: {one.fix}" if one.fix else ""
    yield f"# {one.name}\n"
    severity = " or ".join(one.severities)
    yield f"**{one.page.title}.** Group [{one.group}](index.md) · {severity}{fix}"
    yield ""
    yield one.page.body


def _api(title: str, names: list[str]) -> Iterator[str]:
    """A page on modules, or on single classes of them."""
    yield f"# {title}\n"
    for name in names:
        yield f"## `{name}`\n" if len(names) > 1 else ""
        yield f"::: {name}\n"


def _command_line() -> Iterator[str]:
    root = program()
    context = click.Context(root, info_name=root.name)
    yield "# Command line\n"
    yield f"{root.help} {root.epilog}\n"
    yield from _below(root, context, level=2)


def _command(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"{'#' * level} {context.info_name}\n"
    yield f"    {context.command_path} {usage}\n"
    yield f"{command.help}\n"
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(context):
        if (row := param.get_help_record(context)) is not None:
            sections.setdefault(getattr(param, "section", "Options"), []).append(row)
    for title, rows in sections.items():
        yield f"| {title} | |\n|---|---|"
        yield from ("| `{}` | {} |".format(*map(_cell, row)) for row in rows)
        yield ""
    if isinstance(command, click.Group):
        yield from _below(command, context, level + 1)


def _below(group: click.Group, context: click.Context, level: int) -> Iterator[str]:
    for name in group.list_commands(context):
        if (command := group.get_command(context, name)) is not None:
            yield from _command(command, click.Context(command, context, info_name=name), level)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
