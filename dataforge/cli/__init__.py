"""The command line: one file per subcommand; the only place that prints and exits.

`main` is the program, `command` what all subcommands have in common, `struct_options` makes the
options of formats and frameworks from their option structs.
"""

from __future__ import annotations

from dataforge.cli.program import main

__all__ = ["main"]
