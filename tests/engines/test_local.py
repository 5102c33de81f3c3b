"""Order, bounds, and what happens when something goes wrong in a worker."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from engines import tasks
from helpers import REPO, python, write

from dataforge.engines import Engine, LostItemError, engines, get_engine, local
from dataforge.errors import DataforgeError, UsageError

PATIENCE = 120
"""Seconds that a busy machine may take for what is done at once."""


_CORES = local._cores


@pytest.fixture(autouse=True)
def _several_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers also on a machine with one core."""
    if _CORES() < 3:
        monkeypatch.setattr(local, "_cores", lambda: 3)


@pytest.fixture
def real_cores(monkeypatch: pytest.MonkeyPatch, _several_cores: None) -> None:
    """The cores that there are."""
    monkeypatch.setattr(local, "_cores", _CORES)


OTHER_THREAD = """
import threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


@pytest.fixture(
    autouse=True,
    params=["fork", "forkserver"] if sys.platform == "linux" else ["as it is started here"],
)
def other_thread(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each way in which workers are started: another thread forbids to fork, here or in a script.

    It is the code for a script, if there is one.
    """
    end = threading.Event()
    if request.param == "forkserver":
        threading.Thread(target=end.wait).start()
    yield OTHER_THREAD if request.param == "forkserver" else ""
    end.set()


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
def test_results_keep_the_order_of_items(workers: int) -> None:
    results = get_engine("local", workers).map(tasks.slow_at_times, range(50))
    assert list(results) == [10 * item for item in range(50)]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_no_items_give_no_results(workers: int) -> None:
    assert list(get_engine("local", workers).map(tasks.where, ())) == []


@pytest.mark.parametrize(("workers", "most"), [(1, 1), (2, 2 * 3)])
def test_items_are_prefetched_within_bounds(workers: int, most: int) -> None:
    assert local.AHEAD == 3
    items = Counted(1000)
    results = get_engine("local", workers).map(tasks.slow_at_times, items)
    assert items.asked == 0
    for taken in range(1, 101):
        assert next(results) == 10 * taken
        assert items.asked < taken + most


def test_one_worker_is_the_process_itself() -> None:
    assert set(get_engine("local", 1).map(tasks.where, range(9))) == {os.getpid()}


def test_two_workers_are_processes_and_receive_the_function_once() -> None:
    seen = set(get_engine("local", 2).map(tasks.Heavy().times, range(100)))
    assert {loads for _, loads in seen} == {1}
    assert 1 <= len(seen) <= 2
    assert os.getpid() not in {pid for pid, _ in seen}


def test_closing_the_results_ends_the_workers() -> None:
    results = get_engine("local", 2).map(tasks.where, range(1000))
    next(results)
    assert len(multiprocessing.active_children()) == 2
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_exception_is_raised_with_its_traceback(workers: int) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        list(get_engine("local", workers).map(tasks.inverse, range(100)))
    said = "".join(traceback.format_exception(caught.value))
    assert "return 1 / (item - 50)" in said


def test_unpicklable_exception_is_reported() -> None:
    with pytest.raises(RuntimeError) as caught:
        list(get_engine("local", 2).map(tasks.odd, range(9)))
    assert "engines.tasks.OddError: a.xml: 0" in str(caught.value)
    assert 'raise OddError("a.xml", item)' in str(caught.value)


def test_exception_from_the_items_is_raised_unchanged() -> None:
    def items() -> Iterator[int]:
        yield from range(10)
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(get_engine("local", 2).map(tasks.where, items()))
    assert multiprocessing.active_children() == []


def test_an_item_that_kills_every_worker_ends_the_work() -> None:
    said = r"a worker process died \(Killed\), 3 times on the same shard; .* fewer --workers"
    with pytest.raises(LostItemError, match=said) as caught:
        list(get_engine("local", 2).map(tasks.dies, range(1000)))
    assert caught.value.item == 50
    assert caught.value.naming("a.json").startswith("a worker process died (Killed), 3 times on a.")
    assert multiprocessing.active_children() == []


def test_what_a_killed_worker_had_is_done_again(tmp_path: Path) -> None:
    engine = get_engine("local", 2)
    items = [(item, str(tmp_path / "died")) for item in range(60)]
    assert list(engine.map(tasks.dies_once, items)) == list(range(60))
    assert engine.notes() == ["1 shard done again: a worker process died (Killed)"]
    assert engine.notes() == []
    assert multiprocessing.active_children() == []


def test_workers_may_be_killed_one_after_the_other(tmp_path: Path) -> None:
    engine = get_engine("local", 2)
    found = []
    for number, result in enumerate(engine.map(tasks.slow_at_times, range(400))):
        found.append(result)
        if number % 50 == 0:
            for child in multiprocessing.active_children()[: 1 + number % 100 // 50]:
                child.kill()
    assert found == [10 * item for item in range(400)]
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("task", [lambda item: item, iter(Counted(1)).__next__, Lock().acquire])
def test_unpicklable_function_is_refused(task: Callable[..., Any]) -> None:
    with pytest.raises(UsageError, match="cannot be sent to another process"):
        get_engine("local", 2).map(task, [1])


@pytest.mark.parametrize(("wanted", "cores", "used"), [(1, 4, 1), (3, 4, 3), (64, 4, 4), (2, 1, 1)])
def test_at_most_one_worker_for_each_core(
    monkeypatch: pytest.MonkeyPatch, wanted: int, cores: int, used: int
) -> None:
    monkeypatch.setattr(local, "_cores", lambda: cores)
    assert local.LocalEngine(wanted).workers == used
    assert local.LocalEngine(0).workers == cores


def test_several_processes_take_over_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PAYS", 0)
    engine = get_engine("local", None)
    items = Counted(100)
    results = engine.map(tasks.where, items)
    assert (next(results), engine.processes) == (os.getpid(), 1)
    others = set(results)
    assert os.getpid() not in others
    assert 1 <= len(others) <= engine.processes
    assert engine.processes > 1
    assert os.getpid() not in set(engine.map(tasks.where, range(9)))  # it is known by now


@pytest.mark.parametrize("pays", [0, 0.1, 10**9])
def test_items_keep_their_order_when_processes_take_over(
    monkeypatch: pytest.MonkeyPatch, pays: float
) -> None:
    monkeypatch.setattr(local, "PAYS", pays)
    items = Counted(70)
    results = get_engine("local", None).map(tasks.slow_at_times, items)
    assert items.asked == 0
    assert list(results) == [10 * item for item in range(1, 71)]


def test_little_work_stays_in_this_process() -> None:
    engine = get_engine("local", None)
    assert set(engine.map(tasks.where, range(200))) == {os.getpid()}
    assert engine.processes == 1


def test_no_workers_are_one_for_each_core(real_cores: None) -> None:
    engine = local.LocalEngine(0)
    assert engine.workers == local._cores() >= 1
    if sys.platform == "linux":
        assert engine.workers == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("workers", "name", "said"),
    [(-1, "local", "--workers -1: expected"), (1, "moon", "no engine 'moon'; choose from local")],
)
def test_unknown_engine_or_invalid_workers_is_refused(workers: int, name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        get_engine(name, workers)


def test_the_table_names_the_engines() -> None:
    assert engines() == ["local", "ray"]
    assert isinstance(get_engine("local", 1), Engine)


def test_workers_may_be_killed_in_the_middle_of_a_message() -> None:
    results = get_engine("local", 2).map(tasks.large, range(9))
    first = next(results)
    time.sleep(0.5)  # by now both are most likely sending; all that follows holds if not
    for child in multiprocessing.active_children():
        child.kill()
    assert [*results] == [first] * 8
    assert multiprocessing.active_children() == []


def test_a_worker_that_exits_is_not_short_of_memory() -> None:
    with pytest.raises(DataforgeError, match=r"a worker process died \(exit code 7\); its out"):
        list(get_engine("local", 2).map(tasks.quits, range(9)))


@pytest.mark.parametrize("task", [tasks.sleeps, tasks.stubborn])
def test_a_consumer_that_raises_ends_the_workers(task: Callable[[int], int]) -> None:
    def consume() -> None:
        for _ in get_engine("local", 2).map(task, range(100)):
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        consume()
    assert multiprocessing.active_children() == []


def test_no_more_workers_than_items() -> None:
    results = get_engine("local", 64).map(tasks.where, range(2))
    next(results)
    assert len(multiprocessing.active_children()) == 2
    assert len(list(results)) == 1


def test_items_and_results_larger_than_a_pipe_pass() -> None:
    items = [bytes([number]) * 3_000_000 for number in range(20)]
    assert list(get_engine("local", 2).map(bytes.upper, items)) == [one.upper() for one in items]


def test_unpicklable_item_raises_in_the_caller() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        list(get_engine("local", 2).map(tasks.where, [lambda: None]))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("task", "error", "said"),
    [
        (tasks.no_result, Exception, "pickle"),
        (tasks.exits, SystemExit, "no 0"),
        (tasks.Unloadable(), ValueError, "no number"),
    ],
)
def test_any_exception_in_a_worker_is_raised(
    task: Callable[[int], Any], error: type[BaseException], said: str
) -> None:
    with pytest.raises(error, match=said):
        list(get_engine("local", 2).map(task, range(9)))
    assert multiprocessing.active_children() == []


def test_it_works_in_a_thread() -> None:
    with ThreadPoolExecutor(2) as pool:
        futures = [
            pool.submit(lambda: list(get_engine("local", 2).map(abs, range(9)))) for _ in "ab"
        ]
        assert [future.result() for future in futures] == [list(range(9))] * 2


# In a process of its own. ---------------------------------------------------------------------


@contextmanager
def script(folder: Path, code: str) -> Iterator[subprocess.Popen[str]]:
    """A running script, in a process group of its own, as a terminal makes; it may import tasks.

    All its processes must be gone when it has ended.
    """
    path = os.pathsep.join([str(REPO), str(REPO / "tests")])
    process = subprocess.Popen(
        [sys.executable, str(write(folder / "script.py", code))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Unbuffered, the lines of two processes may mix in one pipe.
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": ""},
    )
    try:
        yield process
        assert is_gone(process.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def is_gone(group: int) -> bool:
    """Whether all processes of a group end within a while."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

SLEEPS = """
from dataforge.engines import get_engine
from engines.tasks import sleeps
if __name__ == "__main__":
    print("begun", flush=True)
    for pid in get_engine("local", 2).map(sleeps, range(100)):
        print(pid, flush=True)
"""


@posix
@pytest.mark.parametrize("how", ["ctrl-c", "interrupt", "kill"])
def test_workers_end_with_their_parent(tmp_path: Path, how: str, other_thread: str) -> None:
    with script(tmp_path, other_thread + SLEEPS) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline()
        if how == "ctrl-c":
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode != 0
        assert said.count("Traceback") == (how != "kill"), said
        assert said.strip().endswith("KeyboardInterrupt" * (how != "kill")), said


TERMINATES = """
import signal, sys
from dataforge.engines import get_engine, local
from dataforge.interrupts import Interrupted, Signals
from engines.tasks import sleeps
local._cores = lambda: 2
if __name__ == "__main__":
    Signals().install()
    try:
        for pid in get_engine("local", 2).map(sleeps, range(100)):
            print(pid, flush=True)
    except Interrupted as error:
        sys.exit(128 + error.number)
"""


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("how", ["group", "workers first", "parent"])
def test_workers_leave_signals_to_the_parent(
    tmp_path: Path, number: int, how: str, other_thread: str
) -> None:
    """A service manager may send them one by one: no worker has died then."""
    with script(tmp_path, other_thread + TERMINATES) as process:
        assert process.stdout is not None
        workers = {int(process.stdout.readline()) for _ in range(4)}
        if how == "workers first":
            for worker in workers:
                os.kill(worker, number)
            time.sleep(0.3)  # in which the parent would see them die
        (os.killpg if how == "group" else os.kill)(process.pid, number)
        _, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (128 + number, "")


DROPPED = """
import os, signal
from dataforge.engines import get_engine, local
from engines.tasks import sleeps
local._cores = lambda: 2
if __name__ == "__main__":
    local._Crew.stop = lambda *_: None  # a signal came between an error and the call
    kept = get_engine("local", 2).map(sleeps, range(100))
    print(next(kept))
"""


@posix
def test_workers_that_were_not_stopped_end_at_exit(tmp_path: Path, other_thread: str) -> None:
    with script(tmp_path, other_thread + DROPPED) as process:
        _, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (0, "")


def test_mapped_ends_the_workers_whoever_still_has_the_results() -> None:
    def consume() -> None:
        with get_engine("local", 2).mapped(tasks.sleeps, range(100)) as results:
            next(results)
            raise LookupError("enough")

    with pytest.raises(LookupError) as kept:  # the exception keeps the frame, and the results
        consume()
    assert multiprocessing.active_children() == []
    assert kept.value.args == ("enough",)


@posix
@pytest.mark.parametrize("seconds", [0, 0.05, 0.1, 0.2, 0.4])
def test_ctrl_c_ends_workers_that_have_hardly_started(
    tmp_path: Path, seconds: float, other_thread: str
) -> None:
    with script(tmp_path, other_thread + SLEEPS) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode != 0
        assert "KeyboardInterrupt" in said


ROUNDS = """
import multiprocessing, os, random, signal, threading
from itertools import count
from dataforge.engines import get_engine
from engines.tasks import slow_at_times
if __name__ == "__main__":
    chance = random.Random(0)
    for _ in range(20):
        wait = chance.uniform(0, 0.2)
        try:
            threading.Timer(wait, os.kill, [os.getpid(), signal.SIGINT]).start()
            for _ in get_engine("local", 2).map(slow_at_times, count()):
                pass
        except KeyboardInterrupt:
            print(len(multiprocessing.active_children()), flush=True)
"""


@posix
def test_the_parent_may_be_interrupted_at_any_moment(tmp_path: Path, other_thread: str) -> None:
    with script(tmp_path, other_thread + ROUNDS) as process:
        left, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (0, "")
        assert left.split() == ["0"] * 20


def test_worker_output_is_not_lost(tmp_path: Path, other_thread: str) -> None:
    code = """
from dataforge.engines import get_engine
if __name__ == "__main__":
    list(get_engine("local", 2).map(print, range(9)))
"""
    with script(tmp_path, other_thread + code) as process:
        printed, said = process.communicate(timeout=PATIENCE)
        assert (process.returncode, said) == (0, "")
        assert sorted(printed.split()) == [str(number) for number in range(9)]


def test_script_without_main_guard_works_or_gets_a_clear_error(
    tmp_path: Path, other_thread: str
) -> None:
    code = (
        "from dataforge.engines import get_engine\n"
        "print(sum(get_engine('local', 2).map(len, ['a', 'b'])))"
    )
    result = python(str(write(tmp_path / "script.py", other_thread + code)))
    if result.returncode == 0:
        assert sys.platform == "linux"
        assert not other_thread
        assert (result.stdout, result.stderr) == ("2\n", "")
    else:
        said = result.stderr.splitlines()[-1]
        assert "must run its code under `if __name__ == '__main__':`" in said


def test_workers_import_nothing_of_the_working_directory(tmp_path: Path) -> None:
    """``python -c``, with which their helpers are started, looks there first."""
    for name in ("multiprocessing", "encodings", "dataforge"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')")
    program = tmp_path / "elsewhere" / "program.py"
    program.parent.mkdir()
    program.write_text(
        "from dataforge.engines import get_engine\n"
        "if __name__ == '__main__':\n"
        "    print(*get_engine('local', 2).map(abs, [-1, 2]))\n"
    )
    done = python(str(program), cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("1 2\n", "")
    assert not (tmp_path / "ran").exists()
