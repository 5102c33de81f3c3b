"""What a process costs, with all that it starts."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

EVERY = 0.05
"""Seconds between two looks at the memory of all processes."""


class Cost(NamedTuple):
    """Of one run.

    Attributes:
        cpu: seconds of processor time, user and system, of the process and all that it started.
        wall: seconds.
        peak: MB of memory. Of a process alone, the kernel's own figure (`ru_maxrss`); if it starts
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
    own = used.ru_maxrss * (1024 if sys.platform != "darwin" else 1)
    return Cost(cpu, wall, max(own, tree.peak) / 1e6, output, process.returncode)


class _Tree:
    """A process and its descendants, on Linux; elsewhere nothing is seen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.peak = 0
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
            if len(pids) == 1:
                continue  # the kernel has a better figure
            for pid in pids:
                with suppress(OSError, ValueError, IndexError):
                    total += _pss(pid)
            self.peak = max(self.peak, total)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split(None, 1)[0]) * 1024
