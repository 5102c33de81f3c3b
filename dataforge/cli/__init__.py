"""The command line: one file per subcommand; the only place that prints and exits."""

from __future__ import annotations

import sys

import typer

from dataforge import __version__
from dataforge.cli.output import show_error
from dataforge.errors import DataforgeError

app = typer.Typer(
    name="dataforge",
    help="From labelled images to a proved detector: convert, register and smoke-test "
    "detection datasets.",
    epilog="Exit codes: 0 done, nothing to report; 1 done, but with findings at error level; "
    "2 wrong usage; 3 could not do it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    pass


def _add_commands() -> None:
    """Add the subcommands; not before `main`, as another package's format may be at fault."""
    from dataforge.cli import (
        check,
        coco,
        convert,
        demo,
        explain,
        formats,
        inspect,
        register,
        smoke,
        split,
    )

    verbs = (inspect, check, split, convert, coco, register, smoke, demo, formats, explain)
    for module in verbs:
        module.add_to(app)


def main() -> None:
    """Run the command line; errors become one line and an exit code."""
    try:
        if not app.registered_commands:
            _add_commands()
        app()
    except DataforgeError as error:
        show_error(error)
        sys.exit(error.exit_code)
    except OSError as error:  # such as a full disk behind `>`
        show_error(error)
        sys.exit(DataforgeError.exit_code)
