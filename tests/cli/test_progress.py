"""The line that says how far a run is, on a terminal."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from helpers import REPO, write

from dataforge.cli import output, progress
from dataforge.interrupts import Signals, announce

pty = pytest.importorskip("pty")

PATIENCE = 120
"""Seconds that a busy machine may take."""


class Terminal(io.StringIO):
    """Is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """What is drawn."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    monkeypatch.setattr(output, "is_quiet", lambda: False)  # which asks the running command
    return stream


@contextmanager
def drawing(terminal: Terminal) -> Iterator[Any]:
    """What draws on the terminal, which pytest would replace before a test begins."""
    with patch.object(sys, "stderr", terminal), progress.progress_bar("convert") as line:
        assert line is not None
        yield line


def test_nothing_is_drawn_without_a_terminal() -> None:
    with progress.progress_bar("convert") as line:
        assert line is None


def test_a_short_run_draws_nothing(terminal: Terminal, clock: list[float]) -> None:
    with drawing(terminal) as line:
        clock[0] += 0.4
        line(200, 400, "reading")
    assert terminal.getvalue() == ""


def test_each_step_has_its_numbers(terminal: Terminal, clock: list[float]) -> None:
    with drawing(terminal) as line:
        for done in range(1000, 6000, 1000):
            clock[0] += 1
            line(done, 20_000, "reading")
        clock[0] += 1
        line(300, 0, "writing with 2 processes")
    drawn = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert "convert: reading" in drawn
    assert re.search(r" 5,000 of 20,000, [\d,]+/s, \d+:\d\d left", drawn)
    assert re.search(r"convert: writing with 2 processes .* 300\s", drawn)
    assert "of 0" not in drawn
    assert not re.search(r"writing[^\n]* of 20,000", drawn)


def test_the_line_is_gone_before_the_interruption_is_said(
    terminal: Terminal, clock: list[float]
) -> None:
    signals = Signals(lambda: print("interrupted", file=terminal))
    with drawing(terminal) as line:
        clock[0] += 1
        line(1, 2, "reading")
        announce()
        clock[0] += 1
        line(2, 2, "reading")
    signals.restore()
    assert terminal.getvalue().endswith("\x1b[2Kinterrupted\n")


def on_a_terminal(*words: str, until: str | None) -> tuple[int, str]:
    """(exit code, what is shown) of a run, to which Ctrl-C is typed when `until` is shown."""
    pid, screen = pty.fork()
    if pid == 0:
        os.environ.update(PYTHONPATH=str(REPO), COLUMNS="100", TERM="xterm")
        os.execv(sys.executable, [sys.executable, "-m", "dataforge", *words])
    shown, end, typed = b"", time.monotonic() + PATIENCE, False
    try:
        while time.monotonic() < end:
            try:
                data = os.read(screen, 65536)
            except OSError:  # all its processes have closed it
                break
            if not data:
                break
            shown += data
            if until and not typed and until.encode() in shown:
                os.write(screen, b"\x03")
                typed = True
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(screen)
    return os.waitstatus_to_exitcode(status), shown.decode()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough to be read for more than a moment."""
    folder = tmp_path_factory.mktemp("many")
    points = [[float(n % 40), float(n * 7 % 90)] for n in range(300)]
    shapes = [{"label": "cat", "points": points, "shape_type": "polygon"}] * 8
    file = {"shapes": shapes, "imagePath": "", "imageHeight": 100, "imageWidth": 100}
    for number in range(4000):
        write(folder / f"{number:04}.json", {**file, "imagePath": f"{number:04}.jpg"})
    return folder


@pytest.mark.parametrize("workers", ["1", "2", None])
def test_ctrl_c_ends_a_run_whose_progress_is_shown(
    many: Path, tmp_path: Path, workers: str | None
) -> None:
    out = tmp_path / "out.json"
    words = ["convert", "labelme2coco", str(many), str(out)]
    words += ["--workers", workers] if workers else []
    code, shown = on_a_terminal(*words, until=" of 4,000")
    assert code == 128 + signal.SIGINT
    assert shown.endswith("\x1b[2Kinterrupted, nothing written\r\n")
    assert [*tmp_path.iterdir()] == []
