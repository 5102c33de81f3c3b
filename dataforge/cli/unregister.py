"""``dataforge unregister``."""

from __future__ import annotations

from dataforge.cli import options
from dataforge.cli.command import OUTPUT, Argument, Command, Option
from dataforge.cli.output import Output, say, tell
from dataforge.verbs.register import Removed, unregister

_HELP = """Undo `dataforge register`: remove the files it wrote for NAME.

Files that were changed by hand are kept, unless --force is given. `dataforge list` lists the names.
"""


def command() -> Command:
    """The command."""
    return Command(
        "unregister",
        _unregister,
        help=_HELP,
        params=[
            Argument("name", metavar="NAME", help="Name of the dataset."),
            options.python_option(),
            options.output_option("The folder that was written, if it is not found.", "DIR"),
            Option(
                "--force",
                section=OUTPUT,
                is_flag=True,
                default=False,
                help="Also remove files that were changed by hand.",
            ),
            options.output(exit_zero=False, report=False),
        ],
    )


def _unregister(name: str, python: str | None, out: str | None, force: bool, output: Output) -> int:
    removed = unregister(name, out, python, force)
    output.give({"removed": removed.removed, "kept": removed.kept}, lambda _: show(removed))
    return 1 if removed.kept else 0


def show(removed: Removed) -> None:
    """Print which files were removed and which were kept."""
    for path in removed.removed:
        tell(f"removed {path}")
    for path in removed.kept:
        say(f"kept {path}: changed by hand; use --force to remove")
