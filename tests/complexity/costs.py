"""What a command costs: processor time and memory of a process of its own, and how they grow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

ADDRESSES = 4 * 2**30
"""Bytes of addresses that a process gets: what wants more fails, and leaves the machine alone."""

MOST_SECONDS = 10.0
"""Processor time that an input may cost that is small, or that is made to hurt."""

MOST_MEBIBYTES = 1024.0
"""Memory that it may cost."""

MOST_GROWTH = 15.0
"""Factor by which the costs may grow when the input is ten times as large."""

SECONDS = 120
"""Processor time after which a process is stopped."""


class Cost(NamedTuple):
    """The cost of one process.

    Attributes:
        seconds: of the processor.
        mebibytes: of memory, at most at one time.
        code: that it ended with.
        output: standard output and standard error.
    """

    seconds: float
    mebibytes: float
    code: int
    output: str

    @property
    def is_orderly(self) -> bool:
        """Whether the process ended as it should: done, with findings, or refused."""
        return self.code in (0, 1, 3) and "Traceback" not in self.output


def cost(arguments: Sequence[str], folder: Path) -> Cost:
    """Run ``dataforge`` in a folder.

    Args:
        arguments: of the command.
        folder: the working directory.
    """
    with tempfile.TemporaryFile() as output, tempfile.NamedTemporaryFile() as report:
        command = [sys.executable, "-c", _MEASURED, report.name, *arguments]
        subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=True)
        seconds, kibibytes, status = json.load(report)
        output.seek(0)
        text = output.read(100_000).decode("utf-8", "replace")
    return Cost(seconds, kibibytes / 1024, os.waitstatus_to_exitcode(status), text)


# A process counts the memory of the one that started it as its own: there is a small one between
# this one, which has made the input, and the one that is measured.
_MEASURED = f"""
import json, os, resource, runpy, sys
report = sys.argv.pop(1)
pid = os.fork()
if pid:
    _, status, used = os.wait4(pid, 0)
    with open(report, "w") as stream:
        json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss, status], stream)
    sys.exit()
resource.setrlimit(resource.RLIMIT_AS, ({ADDRESSES}, {ADDRESSES}))
resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}))
runpy.run_module("dataforge", run_name="__main__", alter_sys=True)
"""


class Growth(NamedTuple):
    """How a cost grows when the input is ten times as large.

    Attributes:
        seconds, mebibytes: factors; 1.0 if the larger cost is hardly measurable.
        small, large: the costs themselves.
    """

    seconds: float
    mebibytes: float
    small: Cost
    large: Cost


def growth(
    make: Callable[[Path, int], None], arguments: Sequence[str], number: int, folder: Path
) -> Growth:
    """Compare the cost of ten times the input with that of the input, less that of a start.

    Args:
        make: writes an input of a size to a folder.
        arguments: of the command, which is run in that folder.
        number: the small size; at ten times of it, a second or more should be spent.
        folder: an empty one.
    """
    costs = []
    for size in (2, number, 10 * number):
        place = folder / str(size)
        place.mkdir()
        make(place, size)
        costs.append(cost(arguments, place))
    start, small, large = costs
    return Growth(
        _factor(start.seconds, small.seconds, large.seconds, 0.1),
        _factor(start.mebibytes, small.mebibytes, large.mebibytes, 8.0),
        small,
        large,
    )


def _factor(start: float, small: float, large: float, noise: float) -> float:
    """The growth of what exceeds the start; differences below the noise count as the noise."""
    return max(large - start, noise) / max(small - start, noise)
