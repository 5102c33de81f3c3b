"""The command line in this process: `run_cli` types a command."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import TypeAlias

import pytest

from dataforge.cli import main

Cli: TypeAlias = Callable[..., CompletedProcess[str]]
"""``cli("check", folder, cwd=elsewhere)`` gives the exit code and what was printed."""


@contextlib.contextmanager
def _inside(folder: Path | None) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder or before)
    try:
        yield
    finally:
        os.chdir(before)


def run_cli(
    capsys: pytest.CaptureFixture[str], *arguments: str | Path, cwd: Path | None = None
) -> CompletedProcess[str]:
    """Run a command as if it had been typed, in another folder if one is named."""
    capsys.readouterr()
    typed = [*map(str, arguments)]
    with _inside(cwd), pytest.raises(SystemExit) as end:
        main(typed)
    printed = capsys.readouterr()
    assert isinstance(end.value.code, int)
    return CompletedProcess(typed, end.value.code, printed.out, printed.err)
