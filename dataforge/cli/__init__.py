"""The command line: one file per subcommand; the only place that prints and exits.

`process` runs the program within its signals and streams, `program` finds the subcommand, `command`
is what all subcommands have in common, `struct_options` makes the options of formats and frameworks
from their option structs. This file imports nothing, so that hardly any time passes until signals
are handled.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: the arguments after ``dataforge``; None for those of this process, which then
            ends.
    """
    try:
        from dataforge.cli.process import run

        code = run(arguments)
    except KeyboardInterrupt:  # before signals are handled
        sys.stderr.write("interrupted, nothing written\n")
        code = 130
    sys.exit(code)
