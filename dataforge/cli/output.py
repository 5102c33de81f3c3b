"""What every subcommand prints with: plain text, one thing a line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dataforge.datasets import Progress
from dataforge.errors import UsageError, one_line, plural
from dataforge.records import Finding

SHOWN_PER_CODE = 5


def say(text: str = "") -> None:
    """A line on standard output."""
    print(_printable(text, sys.stdout.encoding), flush=True)


def warn(text: str) -> None:
    """A line on standard error."""
    print(_printable(text, sys.stderr.encoding), file=sys.stderr, flush=True)


def show_as_it_is(text: str) -> None:
    """A line on standard output, for programs without escapes for its tabs and carriage returns."""
    if sys.stdout.isatty():
        say(text)
        return
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.buffer.write(text.encode(encoding, "backslashreplace") + b"\n")


def show_error(error: Exception) -> None:
    """An exception as a message."""
    warn(f"error: {error}")


def _printable(text: str, encoding: str | None) -> str:
    """A terminal that cannot show a letter gets its escape, and control characters always do."""
    text = "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )
    return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")


def choice(option: str, value: str, choices: Sequence[str]) -> Any:
    """The value, where it is one of the choices.

    Raises:
        UsageError: it is not.
    """
    if value not in choices:
        raise UsageError(f"--{option} {value}: want one of {', '.join(choices)}")
    return value


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Rows with the first column to the left and the others to the right, as a terminal shows them.

    >>> print(*table([["class", "train"], ["人物", "2"], ["a\\tb", "10"]]), sep="\\n")
      class  train
      人物       2
      a\\tb      10
    """
    from rich.cells import cell_len  # not every command shows a table

    rows = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True)]
        yield indent + "  ".join([row[0] + gaps[0], *cells]).rstrip()


def show_findings(findings: Sequence[Finding]) -> None:
    """Findings by severity and code, the first few of each in full."""
    order = {"error": 0, "warning": 1, "note": 2}
    codes = dict.fromkeys(
        (finding.severity, finding.code)
        for finding in sorted(findings, key=lambda finding: order[finding.severity])
    )
    for severity, code in codes:
        group = [
            finding for finding in findings if (finding.severity, finding.code) == (severity, code)
        ]
        lost = sum(finding.lost for finding in group)
        say(
            f"{severity} {code}: {len(group)}"
            + (f", {plural(lost, 'shape')} left out" if lost else "")
        )
        for finding in group[:SHOWN_PER_CODE]:
            say(f"  {finding}")
        if len(group) > SHOWN_PER_CODE:
            say(f"  ... and {len(group) - SHOWN_PER_CODE} more")


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
