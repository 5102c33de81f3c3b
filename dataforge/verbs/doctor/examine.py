"""Asks a Python what it has: runs `probe.py` in it, again whenever something in there breaks."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from importlib.resources import files
from subprocess import CompletedProcess, TimeoutExpired, run

import msgspec

from dataforge.errors import UsageError
from dataforge.frameworks import NOT_FROM_HERE
from dataforge.verbs.doctor.facts import ON_CUDA, Facts, Tried
from dataforge.verbs.doctor.probe import MARK, STEPS

PATIENCE = 180.0
"""Seconds after which a process is given up; torch on a cold network disk takes a minute."""

_MOST_SAID = 300
"""Characters of what a process said last."""


def examine(python: str | None = None, patience: float = PATIENCE) -> Facts:
    """What a Python has, and what of it works.

    Args:
        python: an interpreter; None for the running one.
        patience: seconds after which a process is given up.

    Raises:
        UsageError: `python` is not a Python interpreter, or older than 3.7.
    """
    python = python or sys.executable
    facts = _environment(python, patience)
    tried = _try(python, [step for step in STEPS if step in facts.contents], patience)
    if tried.get("torch", Tried(step="torch")).devices:
        again = [step + ON_CUDA for step in tried if tried[step].operators]
        tried |= _try(python, again, patience)
    return msgspec.structs.replace(facts, tried=tried)


def _environment(python: str, patience: float) -> Facts:
    try:
        process = _run(python, ["environment"], patience)
    except (OSError, ValueError, TimeoutExpired) as error:
        raise UsageError(f"--python {python}: cannot be run: {error}") from error
    try:
        return msgspec.json.decode(process.stdout, type=Facts)
    except msgspec.DecodeError as error:
        said = process.stdout + process.stderr
        raise UsageError(f"--python {python}: is not a Python: it said {_last(said)!r}") from error


def _try(python: str, steps: Sequence[str], patience: float) -> dict[str, Tried]:
    """What becomes of each step; after one that fails, the next are taken in another process."""
    tried: dict[str, Tried] = {}
    while left := [step for step in steps if step not in tried]:
        error = ""
        try:
            process = _run(python, left, patience)
            output = process.stdout
            error = _how_it_ended(process)
        except TimeoutExpired as expired:
            output = expired.stdout or b""
            error = f"does not end within {patience:.0f} s"
        answers = [msgspec.json.decode(line, type=Tried) for line in output.splitlines()]
        tried |= {answer.step: answer for answer in answers}
        if len(answers) < len(left) and not (answers and answers[-1].error):
            step = left[len(answers)]
            tried[step] = Tried(step=step, error=error)
    return tried


def _run(python: str, steps: Sequence[str], patience: float) -> CompletedProcess[bytes]:
    """Run the probe.

    Raises:
        OSError, ValueError: `python` cannot be run.
        TimeoutExpired: it does not end; has the answers until then.
    """
    probe = files("dataforge.verbs.doctor").joinpath("probe.py").read_bytes()
    code = f"{NOT_FROM_HERE}; exec(compile(sys.stdin.buffer.read(), 'probe.py', 'exec'))"
    return run(
        [python, "-c", code, *steps],
        input=probe,
        capture_output=True,
        timeout=patience,
        check=False,
    )


def _how_it_ended(process: CompletedProcess[bytes]) -> str:
    """How a process ended that should not have, and what it said last."""
    code = process.returncode
    try:
        how = f"is ended by {signal.Signals(-code).name}" if code < 0 else f"exits with {code}"
    except ValueError:
        how = f"is ended by signal {-code}"
    said = _last(process.stderr.rpartition(MARK.encode())[2].partition(b"\n")[2])
    return f"{how}: {said}" if said else how


def _last(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][-_MOST_SAID:] if lines else ""
