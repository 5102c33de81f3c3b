"""The process: whatever happens, a line and an exit code; failing streams do not stop the work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import Cli
from helpers import REPO, SQUARE, document, load_coco, python, shape, write

from dataforge.engines.local import LocalEngine
from dataforge.errors import DataforgeError
from dataforge.interrupts import Interrupted
from dataforge.io import write_text


def dataset(folder: Path) -> Path:
    """Three labelme files without images."""
    for number in range(3):
        write(folder / f"{number}.json", document(shape("cat", SQUARE), image=f"{number}.jpg"))
    return folder


class OddError(BaseException):
    """Not even an Exception, like those of Rust."""


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (ValueError("two\nlines"), "ValueError: two\\nlines"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (SystemExit(0), "SystemExit: 0"),
        (OddError("panic"), "OddError: panic"),
        (AssertionError("x" * 1000), "AssertionError: " + "x" * 300 + "..."),
    ],
)
def test_what_nobody_has_foreseen_is_one_line_and_exit_3(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException, named: str
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("dataforge.cli.inspect.inspect", fails)
    done = cli("inspect", ".")
    assert (done.returncode, done.stdout) == (3, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: unforeseen {named} (dataforge/cli/inspect.py, line ")
    assert line.endswith("; please report it, with what DATAFORGE_TRACEBACK=1 prints")
    monkeypatch.setenv("DATAFORGE_TRACEBACK", "1")
    assert "in fails\n" in cli("inspect", ".").stderr


def test_an_error_in_a_worker_names_the_line_there(cli: Cli, tmp_path: Path) -> None:
    """A reader that has a bug, which is put in where only the workers read."""
    dataset(tmp_path / "src")
    code = (
        "import dataforge.formats.labelme.read as read\n"
        "def bad(*a, **k):\n"
        "    raise ZeroDivisionError('a bug')\n"
        "read.LabelmeReading.read_all = bad\n"
        "if __name__ == '__main__':\n"
        "    from dataforge.cli import main\n"
        "    main(['convert', 'labelme2coco', 'src', 'out', '--workers', '2'])\n"
    )
    if LocalEngine(2).workers < 2:
        pytest.skip("one core: no workers")
    done = python(str(write(tmp_path / "script.py", code)), cwd=tmp_path)
    assert done.returncode == 3
    [line] = done.stderr.splitlines()
    assert line.startswith("error: unforeseen ZeroDivisionError: a bug (dataforge/datasets/shards")
    assert "script.py, line 3" in line


@pytest.mark.parametrize(
    ("number", "code"), [(2, 130), (15, 143), (1, 129)], ids=["INT", "TERM", "HUP"]
)
def test_an_interruption_says_what_was_written(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, code: int
) -> None:
    names: list[str] = []

    def stopped(*_: Any, **__: Any) -> Any:
        for name in names:
            write_text(tmp_path / name, "")
        raise Interrupted(number)

    monkeypatch.setattr("dataforge.cli.inspect.inspect", stopped)
    done = cli("inspect", ".")
    assert (done.returncode, done.stderr) == (code, "interrupted, nothing written\n")
    names += ["a\nb", "c", "d", "e", "f"]
    assert cli("inspect", ".").stderr == (
        f"interrupted; already written: {tmp_path}/a\\nb, {tmp_path}/c, {tmp_path}/d and 2 more\n"
    )
    names.clear()
    assert cli("inspect", ".").stderr == "interrupted, nothing written\n"


# Streams ----------------------------------------------------------------------------------------


def shell(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of bash, in which ``dataforge`` is the checkout."""
    program = f"{sys.executable} -m dataforge"
    return subprocess.run(
        ["bash", "-c", f'dataforge() {{ {program} "$@"; }}; {command}'],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONPATH": str(REPO)},
    )


posix = pytest.mark.skipif(sys.platform == "win32", reason="bash")
CONVERT = "dataforge convert labelme2coco src out"


@posix
@pytest.mark.parametrize(
    "streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full", ">/dev/null 2>/dev/full"]
)
def test_closed_or_full_streams_do_not_stop_the_work(tmp_path: Path, streams: str) -> None:
    dataset(tmp_path / "src")
    done = shell(f"{CONVERT} {streams}", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")  # the images are missing
    assert len(load_coco(tmp_path / "out")["annotations"]) == 3


@posix
def test_a_reader_that_leaves_does_not_stop_the_work(tmp_path: Path) -> None:
    dataset(tmp_path / "src")
    done = shell(f"{CONVERT} | true; echo ${{PIPESTATUS[0]}}", tmp_path)
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert (tmp_path / "out" / "annotations" / "instances_all.json").is_file()
    done = shell("dataforge explain | head -1; echo ${PIPESTATUS[0]}", tmp_path)
    assert done.stdout.splitlines()[1:] == ["0"]
    assert done.stderr == ""


@posix
def test_a_full_disk_behind_stdout_is_one_line_after_the_work(tmp_path: Path) -> None:
    dataset(tmp_path / "src")
    done = shell(f"{CONVERT} >/dev/full", tmp_path)
    assert done.returncode == DataforgeError.exit_code
    assert done.stderr == "error: standard output cannot be written: No space left on device\n"
    assert (tmp_path / "out" / "annotations" / "instances_all.json").is_file()


@posix
def test_a_closed_stderr_does_not_hide_the_exit_code(tmp_path: Path) -> None:
    assert shell("dataforge convert labelme2coco nowhere out 2>&-", tmp_path).returncode == 3
    assert shell("dataforge convert --no-such 2>&-", tmp_path).returncode == 2
