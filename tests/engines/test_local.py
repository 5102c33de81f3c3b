"""Order, bounds, and what happens when something goes wrong in a worker."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from engines import tasks
from helpers import REPO, python, write

from dataforge.engines import local
from dataforge.engines.table import get_engine
from dataforge.errors import DataforgeError, UsageError


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "BATCH", 4)


class Counted:
    """Items, and how many of them have been asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked = 0

    def __iter__(self) -> Iterator[int]:
        while self.asked < self.number:
            self.asked += 1
            yield self.asked


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    results = get_engine(workers).map(tasks.slow_at_times, range(50))
    assert list(results) == [10 * item for item in range(50)]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_of_nothing_comes_nothing(workers: int) -> None:
    assert list(get_engine(workers).map(tasks.where, ())) == []


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 2 * 3 * 4)])
def test_items_are_asked_for_a_little_ahead(workers: int, most: int) -> None:
    assert local.AHEAD == 3
    items = Counted(1000)
    results = get_engine(workers).map(tasks.slow_at_times, items)
    assert items.asked == 0
    for taken in range(1, 101):
        assert next(results) == 10 * taken
        assert items.asked < taken + most + local.BATCH


def test_one_worker_is_the_process_itself() -> None:
    assert set(get_engine(1).map(tasks.where, range(9))) == {os.getpid()}


def test_two_workers_are_others_and_get_the_function_once() -> None:
    seen = set(get_engine(2).map(tasks.Heavy().times, range(100)))
    assert {loads for _, loads in seen} == {1}
    assert 1 <= len(seen) <= 2
    assert os.getpid() not in {pid for pid, _ in seen}


def test_whoever_wants_no_more_leaves_no_worker_behind() -> None:
    results = get_engine(2).map(tasks.where, range(1000))
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bug_comes_out_with_its_traceback(workers: int) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        list(get_engine(workers).map(tasks.inverse, range(100)))
    said = "".join(traceback.format_exception(caught.value))
    assert "return 1 / (item - 50)" in said


def test_an_exception_that_cannot_be_sent_is_told() -> None:
    with pytest.raises(RuntimeError) as caught:
        list(get_engine(2).map(tasks.odd, range(9)))
    assert "engines.tasks.OddError: a.xml: 0" in str(caught.value)
    assert 'raise OddError("a.xml", item)' in str(caught.value)


def test_a_fault_of_the_items_is_the_callers() -> None:
    def items() -> Iterator[int]:
        yield from range(10)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(get_engine(2).map(tasks.where, items()))
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_ends_the_work() -> None:
    with pytest.raises(DataforgeError, match="a worker process died"):
        list(get_engine(2).map(tasks.dies, range(1000)))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("task", [lambda item: item, iter(Counted(1)).__next__, Lock().acquire])
def test_what_cannot_be_sent_is_named(task: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="cannot be sent to another process"):
        get_engine(2).map(task, [1])


def test_no_workers_are_one_for_each_core() -> None:
    engine = local.Engine(0)
    assert engine.workers == local._cores() >= 1
    if sys.platform == "linux":
        assert engine.workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("workers", "name", "said"),
    [(-1, "local", "--workers -1: want"), (1, "moon", "no engine 'moon'; there are local")],
)
def test_what_there_is_not(workers: int, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        get_engine(workers, name)


SLEEPS = """
from dataforge.engines import local
from engines.tasks import sleeps
if __name__ == "__main__":
    local.BATCH = 1
    for pid in local.Engine(2).map(sleeps, range(100)):
        print(pid, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("how", ["ctrl-c", "interrupt", "kill"])
def test_workers_end_with_their_parent(tmp_path: Path, how: str) -> None:
    script = write(tmp_path / "script.py", SLEEPS)
    path = os.pathsep.join([str(REPO), str(REPO / "tests")])
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group, as a terminal makes
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        assert process.stdout is not None
        workers = {int(process.stdout.readline()) for _ in range(4)}
        if how == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        assert process.returncode != 0
        assert said.count("Traceback") == (how != "kill")
        assert all(map(is_gone, workers))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def is_gone(pid: int) -> bool:
    """Whether a process ends within a while."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_a_script_without_a_guard_is_told_of_it(tmp_path: Path) -> None:
    code = "from dataforge.engines.local import Engine\nprint(sum(Engine(2).map(len, ['a', 'b'])))"
    result = python(str(write(tmp_path / "script.py", code)))
    assert result.returncode != 0
    assert "must do its work below `if __name__ == '__main__':`" in result.stderr.splitlines()[-1]
