"""Printing for all subcommands: plain text, one item per line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dataforge.cli.command import is_quiet
from dataforge.errors import one_line, plural
from dataforge.findings import Finding
from dataforge.io import write_json

if TYPE_CHECKING:
    from dataforge.datasets import Progress

R = TypeVar("R")

SHOWN_PER_CODE = 5


def say(text: str = "") -> None:
    """Print a line on standard output: a finding or the requested result."""
    print(_printable(text, sys.stdout.encoding), flush=True)


def tell(text: str = "") -> None:
    """Print a line on standard output unless ``--quiet`` is given."""
    if not is_quiet():
        say(text)


def warn(text: str) -> None:
    """Print a line on standard error."""
    print(_printable(text, sys.stderr.encoding), file=sys.stderr, flush=True)


def show_as_it_is(text: str) -> None:
    """Print a line on standard output for tools, without escaping tabs and carriage returns."""
    if sys.stdout.isatty():
        say(text)
        return
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.buffer.write(text.encode(encoding, "backslashreplace") + b"\n")


def say_json(report: Any) -> None:
    """Print a struct or any JSON-serialisable value as JSON.

    ASCII only, so that names that are not UTF-8 and old terminals cause no errors.
    """
    say(json.dumps(_plain(report), indent=2))


def _plain(report: Any) -> Any:
    return msgspec.to_builtins(report, enc_hook=str)  # paths


class Output(msgspec.Struct, frozen=True):
    """The output options of a command.

    Attributes:
        json: print only the report as JSON.
        report: also write the report to this file as JSON.
        exit_zero: findings at error level do not make the exit code 1.
    """

    json: bool = False
    report: Path | None = None
    exit_zero: bool = False

    def give(self, report: R, show: Callable[[R], None], *, failed: bool = False) -> int:
        """Print and write a report.

        Args:
            report: a struct or any JSON-serialisable value.
            show: prints the report as text.
            failed: whether there are findings at error level.

        Returns:
            The exit code.
        """
        if self.json:
            say_json(report)
        else:
            show(report)
        if self.report:
            write_json(self.report, _plain(report))
            if not self.json:
                tell(f"wrote {self.report}")
        return 1 if failed and not self.exit_zero else 0


def _printable(text: str, encoding: str | None) -> str:
    """The text with control characters, and those the terminal cannot encode, escaped."""
    text = "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )
    return text.encode(encoding or "utf-8", "backslashreplace").decode(encoding or "utf-8")


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> Iterator[str]:
    """Rows with the first column left-aligned and the others right-aligned, by display width.

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


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a `table` unless ``--quiet`` is given."""
    for line in table(rows):
        tell(line)


def show_counts(
    classes: Iterable[str], images: Mapping[str, int], instances: Mapping[str, Mapping[str, int]]
) -> None:
    """Print the number of instances of each class in each split, and of images.

    Args:
        classes: the classes, a row each.
        images: split -> number of images; a column each.
        instances: split -> class -> number of instances.
    """
    rows = [["class", *images]]
    for name in classes:
        rows.append([name, *(f"{instances[split].get(name, 0):,}" for split in images)])
    rows.append(["(images)", *(f"{number:,}" for number in images.values())])
    show_table(rows)


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
        number = sum(finding.count for finding in group)
        say(
            f"{severity} {code}: {number}" + (f", {plural(lost, 'shape')} left out" if lost else "")
        )
        for finding in group[:SHOWN_PER_CODE]:
            say(f"  {finding}")
        if number > SHOWN_PER_CODE:
            say(f"  ... and {number - SHOWN_PER_CODE} more")


@contextmanager
def progress_bar(label: str) -> Iterator[Progress | None]:
    """A progress bar on standard error if that is a terminal, unless ``--quiet`` is given."""
    if not sys.stderr.isatty() or is_quiet():
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
