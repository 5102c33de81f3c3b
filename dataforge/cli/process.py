"""The process around the program: signals, standard streams, and what nobody has foreseen.

Whatever happens, the user sees a line and an exit code, and no traceback. Little is imported before
signals are handled.
"""

from __future__ import annotations

import os
import sys

from dataforge.cli.streams import SafeStreams
from dataforge.errors import DataforgeError, one_line
from dataforge.interrupts import Interrupted, Signals, announce, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

TRACEBACK = "DATAFORGE_TRACEBACK"
"""Environment variable; if it is set, the traceback of an unforeseen error is printed."""

_SHOWN = 3  # files that were written before the end
_LONGEST = 300  # characters of an exception's message


def run(arguments: Sequence[str] | None) -> int:
    """Run the command line; returns the exit code.

    Args:
        arguments: None for those of this process, in which signals have no effect afterwards.
    """
    signals = Signals(_say_interrupted)
    written.clear()  # by an earlier run in this process
    try:
        with SafeStreams() as out:
            code = _run(arguments, signals)
        if out is not None and out.error is not None:
            reason = out.error.strerror or out.error
            _say(f"error: standard output cannot be written: {reason}")
            code = max(code, DataforgeError.exit_code)
        return code
    finally:
        if arguments is not None:
            signals.restore()


def _run(arguments: Sequence[str] | None, signals: Signals) -> int:
    try:
        signals.install()
        from dataforge.cli.program import run as program

        code = program(arguments)
        signals.ignore()
        return code
    except Interrupted as error:
        code, message = 128 + error.number, ""
    except BaseException as error:  # noqa: BLE001 - a plug-in, or a library, may raise anything
        code, message = DataforgeError.exit_code, _unforeseen(error)
    # Here the traceback is gone, and with it what kept workers and memory.
    signals.ignore()
    if message:
        _say(message + _written())
    else:
        announce()
    return code


def _say(line: str) -> None:
    """What `dataforge.cli.output.warn` does, which may not have been imported."""
    if sys.stderr is not None:
        sys.stderr.write(one_line(line) + "\n")
        sys.stderr.flush()


def _say_interrupted() -> None:
    _say(f"interrupted{_written() or ', nothing written'}")


def _written() -> str:
    """The end of a message: what the run has put in place before it ended."""
    if not written:
        return ""
    names = ", ".join(os.fspath(path) for path in written[:_SHOWN])
    more = f" and {len(written) - _SHOWN:,} more" if len(written) > _SHOWN else ""
    return f"; already written: {names}{more}"


def _unforeseen(error: BaseException) -> str:
    """A line that is worth reporting."""
    import traceback

    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    said = str(error).strip()
    if said.startswith("Traceback"):  # of a worker whose exception cannot be sent
        said = said.splitlines()[-1]
    said = one_line(said)
    if len(said) > _LONGEST:
        said = f"{said[:_LONGEST]}..."
    return (
        f"error: unforeseen {type(error).__name__}{f': {said}' if said else ''}{_place(error)}; "
        f"please report it, with what {TRACEBACK}=1 prints"
    )


def _place(error: BaseException) -> str:
    """The innermost line of dataforge that an exception has passed, and the innermost of all."""
    import re
    import traceback

    cause = error.__cause__
    lines = [f'File "{at.filename}", line {at.lineno}' for at in
             traceback.extract_tb(error.__traceback__)]  # fmt: skip
    text = str(cause) if type(cause).__name__ == "WorkerTraceback" else "\n".join(lines)
    places = re.findall(r'File "(.+)", line (\d+)', text)
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
    ours = [place for place in places if place[0].startswith(f"{home}dataforge")]
    shown = dict.fromkeys([*ours[-1:], *places[-1:]])
    said = "; ".join(f"{name.removeprefix(home)}, line {line}" for name, line in shown)
    return f" ({said})" if said else ""
