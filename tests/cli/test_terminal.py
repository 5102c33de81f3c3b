"""How lines look on a terminal, read from a pseudo-terminal, and that a pipe gets them plain."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from helpers import REPO, voc_object, voc_xml, write

from dataforge.cli.terminal import _PATTERNS

_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def typed(folder: Path, columns: int, *arguments: str, **variables: str) -> str:
    """What a command prints on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    dropped = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "TERM")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    environment = {**kept, "PYTHONPATH": str(REPO), "TERM": "xterm-256color", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "dataforge", *arguments],
        cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    printed = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # how Linux says that nobody writes there any longer
            break
        if not part:
            break
        printed += part
    os.close(ours)
    process.wait()
    return printed.decode().replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    objects = [voc_object("cat", (9, 9, 3, 3)), voc_object("cat", (1, 1, 1, 9))]
    write(tmp_path / "a folder" / "a.xml", voc_xml(*objects))
    return tmp_path


def test_findings_are_coloured_and_wrapped_between_words(folder: Path) -> None:
    printed = typed(folder, 60, "check", "a folder", "-q")
    assert "\x1b[1;33mwarning\x1b[0m \x1b[1mreversed-box\x1b[0m:" in printed
    lines = _COLOUR.sub("", printed).splitlines()
    assert any(re.match(r"  a folder/a\.xml:\d+: ", line) for line in lines)
    piped = subprocess.run(
        [sys.executable, "-m", "dataforge", "check", "a folder", "-q"],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(REPO)},
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    assert "\x1b" not in piped
    assert max(map(len, piped.splitlines())) > 60
    assert max(map(len, lines)) <= 60
    # The same words in the same order.
    assert " ".join(printed_words(lines)) == " ".join(printed_words(piped.splitlines()))


def printed_words(lines: list[str]) -> list[str]:
    return [word for line in lines for word in line.split()]


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_colours(folder: Path, variables: dict[str, str]) -> None:
    printed = typed(folder, 80, "check", "a folder", "-q", **variables)
    assert not re.search(r"\x1b\[(?:\d+;)*3\d", printed)
    assert "warning reversed-box:" in _COLOUR.sub("", printed)


def test_commands_are_not_broken(folder: Path) -> None:
    printed = _COLOUR.sub(
        "", typed(folder, 60, "inspect", str(REPO / "sample_data" / "humanparts"))
    )
    (line,) = [line for line in printed.splitlines() if line.startswith("next: ")]
    assert len(line) > 60


def test_nothing_is_wider_than_a_narrow_terminal() -> None:
    printed = typed(REPO / "sample_data", 60, "stats", "humanparts")
    lines = _COLOUR.sub("", printed).splitlines()
    assert max(map(len, lines)) <= 60
    heads = [line for line in lines if line.startswith("  class ")]
    assert [line.split()[-1] for line in heads] == ["train", "val"]
    assert printed.count("\x1b[1mclass ") == len(heads)


def test_a_long_name_in_a_table_is_cut_in_the_middle_on_a_narrow_terminal(tmp_path: Path) -> None:
    label = f"first {'x' * 100} last"
    write(tmp_path / "set" / "a.xml", voc_xml(voc_object(label, (1, 2, 9, 8))))
    printed = typed(tmp_path, 60, "stats", "set", "--from", "voc", "--coords", "zero")
    rows = [
        line for line in _COLOUR.sub("", printed).splitlines() if line.startswith("  first xxx")
    ]
    assert rows
    assert max(map(len, rows)) <= 60
    assert all(re.match(r"  first x+\.\.\.\w+ ", row) for row in rows)


def test_only_places_and_labels_have_a_colour_before_a_colon() -> None:
    printed = typed(REPO / "sample_data", 80, "stats", "labelme")
    assert "  width : height" in printed


def test_pages_are_set_in_type(folder: Path) -> None:
    printed = typed(folder, 72, "explain", "zero-area")
    assert "## Why" not in printed
    assert "Why" in _COLOUR.sub("", printed)


def test_a_hostile_line_takes_no_time() -> None:
    for text in ("error " + "a-" * 20_000, "  " + "a " * 20_000, " " * 20_000 + "... and "):
        assert not any(pattern.match(text) for pattern, _ in _PATTERNS)
