"""What README and docs/ show is what happens: their examples are run.

A block ```console is a terminal: each line that begins with `$ ` is run in one folder for the page,
which has a copy of sample_data, and what follows is what it prints, with `...` on a line of its own
for any lines. `DATAFORGE_UPDATE_EXAMPLES=1 pytest tests/docs` writes what is printed into pages.
A block ```python is run, and a command in an indented block must be one that the program takes.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from helpers import REPO

from dataforge.cli.program import program

PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
UPDATE = bool(os.environ.get("DATAFORGE_UPDATE_EXAMPLES"))
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(
    r"^    (?:\w+=\S+ )*(?:uv run (?:--\S+ (?:mmdet\S* )?)*)?dataforge (.+)$", re.M
)


class Typed(NamedTuple):
    """A command of a console block."""

    line: str
    printed: list[str]


def named(page: Path) -> str:
    return str(page.relative_to(REPO))


def commands(block: str) -> Iterator[Typed]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, *printed = part.rstrip("\n").split("\n")
        yield Typed(line, printed)


def run(line: str, folder: Path, environment: dict[str, str]) -> list[str]:
    ran = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = ran.stdout.replace(str(folder), "/home/me").rstrip("\n")
    printed = printed.replace(str(folder.parent / "environment"), "/home/me/.venv")
    return [one.rstrip() for one in printed.split("\n")] if printed else []


@pytest.fixture
def environment(tmp_path: Path, own_python: str) -> dict[str, str]:
    """`dataforge` is that of the checkout; what is registered is registered for its own Python."""
    commands_of = tmp_path / "bin"
    commands_of.mkdir()
    script = commands_of / "dataforge"
    script.write_text(f'#!/bin/sh\nexec "{own_python}" -m dataforge "$@"\n')
    script.chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": f"{commands_of}:{os.environ['PATH']}",
        "COLUMNS": "100",
        "LC_ALL": "C.UTF-8",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(REPO / "sample_data", tmp_path / "here" / "sample_data")
    return tmp_path / "here"


def matches(expected: list[str], printed: list[str]) -> bool:
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _CONSOLE.search(page.read_text("utf-8"))], ids=named
)
def test_a_terminal_shows_what_is_printed(
    page: Path, folder: Path, environment: dict[str, str]
) -> None:
    text = page.read_text("utf-8")
    for block in _CONSOLE.findall(text):
        shown = ""
        for line, expected in commands(block):
            printed = run(line, folder, environment)
            if not UPDATE:
                assert matches(expected, printed), f"$ {line}\n" + "\n".join(printed)
            kept = expected if matches(expected, printed) else printed
            shown += "\n".join([f"$ {line}", *kept]) + "\n"
        text = text.replace(f"```console\n{block}```", f"```console\n{shown}```")
    if UPDATE:
        page.write_text(text, "utf-8")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if _PYTHON.search(page.read_text("utf-8"))], ids=named
)
def test_python_runs(page: Path, folder: Path, environment: dict[str, str]) -> None:
    # A block that needs pandas is left out where there is none: no later block needs that one.
    blocks = _PYTHON.findall(page.read_text("utf-8"))
    code = "\n".join(one for one in blocks if "import pandas" not in one or find_spec("pandas"))
    for package in ("torch", "torchvision"):
        if f"import {package}" in code:
            pytest.importorskip(package)
    script = folder / "example.py"
    script.write_text(code, "utf-8")
    environment["PYTHONPATH"] = str(REPO)
    ran = subprocess.run(
        [sys.executable, script.name],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_exist(page: Path) -> None:
    root = program()
    for line in _INDENTED.findall(page.read_text("utf-8")):
        words = shlex.split(line, comments=True)
        command: click.Command | None = root
        context = click.Context(root, info_name="dataforge")
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            command = command.get_command(context, words.pop(0))
            assert command is not None, line
        assert command is not None
        taken = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
        taken |= {"-h", "--help"}
        given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert given <= taken, f"{line}: {sorted(given - taken)}"
