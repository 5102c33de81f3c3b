"""``dataforge list``."""

from __future__ import annotations

from dataforge.cli import options
from dataforge.cli.command import Command
from dataforge.cli.output import Output, say, warn
from dataforge.errors import first_of, plural
from dataforge.verbs.register import Registered, registered

_HELP = """List the datasets that are registered for a Python, and their folders.

These are the datasets that `dataforge register` made importable by a line in that Python's
site-packages. `dataforge unregister NAME` removes one.
"""


def command() -> Command:
    """The command."""
    return Command(
        "list",
        _list,
        help=_HELP,
        params=[options.python_option(), options.output(exit_zero=False, report=False)],
    )


def _list(python: str | None, output: Output) -> int:
    return output.give(registered(python), show)


def show(found: list[Registered]) -> None:
    """A line for each dataset."""
    if not found:
        say("no dataset is registered; `dataforge register` registers one")
        return
    width = max(len(one.name) for one in found)
    for one in found:
        gone = "not as registered" if one.problems else "the folder does not exist"
        state = ", ".join(one.frameworks) if one.exists else gone
        say(f"{one.name:{width}}  {one.folder}  ({state})")
        for problem in one.problems:
            warn(problem)
        if one.missing:
            warn(f"{one.name}: {plural(len(one.missing), 'path')} gone: {first_of(one.missing)}")
