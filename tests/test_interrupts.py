"""Signals raise at any moment, are deferred where that would do harm, and are never lost."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dataforge.interrupts import Interrupted, Signals, held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def signals() -> Iterator[Signals]:
    """Handlers that are installed for a test."""
    one = Signals()
    one.install()
    yield one
    one.restore()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_an_exception_with_its_number(signals: Signals, number: int) -> None:
    with pytest.raises(Interrupted) as caught:
        signal.raise_signal(number)
    assert caught.value.number == number
    assert not isinstance(caught.value, (Exception, KeyboardInterrupt))


def test_all_is_as_before_afterwards() -> None:
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    one, hook = Signals(), sys.unraisablehook
    one.install()
    assert signal.getsignal(signal.SIGTERM) != before[1]
    one.ignore()
    signal.raise_signal(signal.SIGTERM)
    one.restore()
    after = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert (after, sys.unraisablehook) == (before, hook)


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        one = Signals()
        one.install()
        signal.raise_signal(signal.SIGHUP)
        one.restore()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_second_signal_does_not_disturb_the_cleaning_up(signals: Signals) -> None:
    def work() -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as caught:
        work()
    assert caught.value.number == signal.SIGINT


def test_held_defers_to_the_end_of_the_outermost_block(signals: Signals) -> None:
    done = []

    def work() -> None:
        with held():
            with held():
                signal.raise_signal(signal.SIGTERM)
                done.append("inner")
            done.append("outer")

    with pytest.raises(Interrupted):
        work()
    assert done == ["inner", "outer"]


def test_held_defers_the_usual_ctrl_c_of_a_script_too() -> None:
    done = []

    def work() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            done.append("done")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["done"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_held_does_nothing_in_a_thread() -> None:
    done = []

    def work() -> None:
        with held():
            done.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["done"]


def test_a_signal_that_a_destructor_swallows_comes_again(signals: Signals) -> None:
    class Swallows:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass

    def work() -> Any:
        Swallows()
        time.sleep(60)

    with pytest.raises(Interrupted) as caught:
        work()
    assert caught.value.number == signal.SIGTERM


def test_a_forked_process_ends_as_its_parent_wants(signals: Signals) -> None:
    """multiprocessing.Pool ends its workers with SIGTERM, and waits for them."""
    ready, its_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(its_end, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    os.close(ready)
    os.close(its_end)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
