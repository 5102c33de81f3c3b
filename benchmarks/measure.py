"""What a process costs, with all that it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

REPO = Path(__file__).resolve().parents[1]

ENVIRONMENT = {"PYTHONPATH": str(REPO), "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
"""This checkout is measured, on one core where nothing else is said."""

EVERY = 0.05
"""Seconds between two looks at the memory of all processes."""


class Cost(NamedTuple):
    """Of one run.

    Attributes:
        cpu: seconds of processor time, user and system, of the process and all that it started.
        wall: seconds.
        peak: MB of memory. Of a process alone, the kernel's own figure (VmHWM); if it starts
            others, at least the greatest sum of their proportional sizes (Pss), seen every 50 ms.
        output: of the process, both streams.
        code: exit code.
    """

    cpu: float
    wall: float
    peak: float
    output: str
    code: int


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command and wait for it."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    tree = _Tree(process.pid)
    watcher = threading.Thread(target=tree.watch, daemon=True)
    watcher.start()
    assert process.stdout is not None
    with process.stdout as stream:
        output = stream.read().decode("utf-8", "replace")
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    tree.ended.set()
    watcher.join()
    # Children of a child that does not wait for them (multiprocessing's fork server) are not in it.
    cpu = max(used.ru_utime + used.ru_stime, tree.cpu)
    # `ru_maxrss` has at least what this process has.
    own = tree.own or used.ru_maxrss * (1024 if sys.platform != "darwin" else 1)
    return Cost(cpu, wall, max(own, tree.peak) / 1e6, output, process.returncode)


class _Tree:
    """A process and its descendants, on Linux; elsewhere nothing is seen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.own = self.peak = 0
        self.ended = threading.Event()
        self._used: dict[int, float] = {}

    @property
    def cpu(self) -> float:
        """Seconds of processor time, as last seen of each process; 0 for a process alone."""
        return sum(self._used.values()) if len(self._used) > 1 else 0.0

    def watch(self) -> None:
        while not self.ended.wait(EVERY):
            pids = [self.pid]
            total = 0
            for pid in pids:  # grows
                with suppress(OSError, ValueError, IndexError):
                    pids += _children(pid)
                    self._used[pid] = _seconds(pid)
            with suppress(OSError, ValueError, IndexError):
                self.own = max(self.own, _kib(self.pid, "status", "VmHWM"))
            if len(pids) == 1:
                continue
            for pid in pids:
                with suppress(OSError, ValueError, IndexError):
                    total += _kib(pid, "smaps_rollup", "Pss")
            self.peak = max(self.peak, total)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kib(pid: int, file: str, key: str) -> int:
    """A size in a file of /proc, in bytes."""
    text = Path(f"/proc/{pid}/{file}").read_text()
    return int(text.partition(f"\n{key}:")[2].split(None, 1)[0]) * 1024


# A function, in a process of its own ------------------------------------------------------------

_HARNESS = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
source, out, tiny, aside = sys.argv[1:]
def used():
    of = resource.getrusage(resource.RUSAGE_SELF)
    return of.ru_utime + of.ru_stime
{code}
run(tiny, aside)  # what is imported late is imported now
started, before = time.perf_counter(), used()
counts = run(source, out)
after, ended = used(), time.perf_counter()
print("\\nMEASURED", json.dumps([before, after - before, ended - started, counts]))
"""


class Run(NamedTuple):
    """Of one contender, once.

    Attributes:
        start: seconds of processor time until it begins: Python, imports, and a tiny dataset, for
            what is imported late.
        work: seconds of processor time of the process from then on.
        wall: seconds from then on.
        peak: MB, see `Cost`.
        counts: what `run` returned, or None.
        problem: why there is nothing of this, else empty.
    """

    start: float = 0
    work: float = 0
    wall: float = 0
    peak: float = 0
    counts: tuple[int, int] | None = None
    problem: str = ""


def run_code(python: str, code: str, source: Path, tiny: Path, out: Path) -> Run:
    """Run `run(source, out)` of some code in a Python, after `run` of a tiny dataset."""
    program = _HARNESS.replace("{code}", code)
    aside = out.with_name("aside.json" if out.suffix else "aside")
    command = [python, "-c", program, str(source), str(out), str(tiny), str(aside)]
    cost = run(command, ENVIRONMENT)
    _, found, text = cost.output.rpartition("\nMEASURED ")
    if cost.code or not found:
        return Run(problem=_reason(cost))
    start, work, wall, counts = json.loads(text)
    return Run(start, work, wall, cost.peak, counts and tuple(counts))


def _reason(cost: Cost) -> str:
    lines = cost.output.strip().splitlines() or [f"exit code {cost.code}"]
    if "ModuleNotFoundError: No module named" in lines[-1]:
        return f"not installed ({lines[-1].rpartition(' ')[2]})"
    return f"failed: {lines[-1][:200]}"
