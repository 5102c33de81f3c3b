"""Printing for all subcommands: one item per line; styled and wrapped on a terminal alone."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TextIO, TypeVar

import msgspec

from dataforge.cli.command import is_quiet
from dataforge.errors import first_of, one_line, plural, shortened
from dataforge.findings import Finding
from dataforge.io import NamedFile, report_json, write_report

R = TypeVar("R")

SHOWN_PER_CODE = 10
"""Findings of one code that are shown in full."""

MOST_IN_LINE = 4_000
"""Characters of a line of text that are shown."""

MOST_IN_CELL = 60
"""Characters of a cell of a table that are shown."""

LEAST_NAME = 12
"""Width that is left for the first column of a table, however narrow the terminal."""

_MOST_CLASSES = 40
"""Classes of a table that are shown, each in a row."""


def say(text: str = "", *, wrap: bool = False) -> None:
    """Print a line on standard output: a finding or the requested result.

    Its continuation, such as the reasons of an error, is indented by two spaces.

    Args:
        text: the line.
        wrap: a terminal that is narrower shows it on several lines. Not for commands.
    """
    _print(_shown(text), sys.stdout, wrap)


def say_lines(lines: Iterable[str], *, wrap: bool = False) -> None:
    """Print lines on standard output."""
    for line in lines:
        say(line, wrap=wrap)


def tell(text: str = "", *, wrap: bool = False) -> None:
    """Print a line on standard output unless ``--quiet`` is given; see `say`."""
    if not is_quiet():
        say(text, wrap=wrap)


def warn(text: str) -> None:
    """Print a line on standard error."""
    _print(_shown(text), sys.stderr, wrap=True)


def say_for_tools(text: str) -> None:
    """Print `report_json`, or a command of a CI service whose parts are `one_line` each."""
    _print(text, sys.stdout)


def show_patch(file: str, lines: Sequence[str]) -> None:
    """Print the diff of a file for ``patch``, as it is where that is safe.

    A terminal, or the log of a CI service, might obey what stands in a dataset: if a line has
    control characters, other than tabs and line ends, or a command in it, the diff is escaped, and
    marked so that patch skips it.
    """
    harmless = [line.removesuffix("\r").translate(_HARMLESS) for line in lines]
    if harmless == [*map(one_line, harmless)]:
        _print("\n".join(lines), sys.stdout)
        return
    warn(f"{file}: the diff is escaped, not for patch: it contains characters that are not text")
    say_lines(f"# {line}" for line in lines)


_HARMLESS = str.maketrans("\t\u00a0\u3000", "   ", "\ufeff")
"""Blanks and the mark at the beginning of a file, which are unprintable but do nothing."""


def can_draw() -> bool:
    """Whether standard error is a terminal, and ``--quiet`` is not given."""
    return sys.stderr.isatty() and not is_quiet()


def can_show(characters: str) -> bool:
    """Whether standard output has these characters."""
    try:
        characters.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    """The text as lines that the terminal shows and does not obey."""
    first, *more = text.split("\n  ")
    return "\n  ".join(one_line(shortened(line, MOST_IN_LINE)) for line in (first, *more))


def _print(text: str, stream: TextIO, wrap: bool = False) -> None:
    """Print text that is safe; the one place of this package that prints data."""
    encoding = stream.encoding or "utf-8"
    text = text.encode(encoding, "backslashreplace").decode(encoding)
    if stream.isatty():
        from dataforge.cli.terminal import print_styled  # rich takes a while to import

        print_styled(text, stream, wrap=wrap)
    else:
        print(text, file=stream, flush=True)


def show_markdown(text: str) -> None:
    """Print Markdown that is ours: as it is, and set in type on a terminal."""
    if not sys.stdout.isatty():
        _print(text, sys.stdout)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=sys.stdout).print(Markdown(text))


class Output(msgspec.Struct, frozen=True):
    """The output options of a command.

    Attributes:
        json: print only the report as JSON.
        report: also write the report to this file as JSON.
        exit_zero: findings at error level do not make the exit code 1.
    """

    json: bool = False
    report: NamedFile | None = None
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
            say_for_tools(report_json(report))
        else:
            show(report)
        if self.report:
            write_report(self.report, report)
            if not self.json:
                tell(f"wrote {self.report}")
        return 1 if failed and not self.exit_zero else 0


def table(
    rows: Sequence[Sequence[str]], indent: str = "  ", most: int = MOST_IN_CELL
) -> Iterator[str]:
    """Rows with the first column left-aligned and the others right-aligned, by display width.

    >>> print(*table([["class", "train"], ["人物", "2"], ["a\\tb", "10"]]), sep="\\n")
      class  train
      人物       2
      a\\tb      10
    """
    from rich.cells import cell_len  # not every command shows a table

    rows = [[one_line(shortened(cell, most)) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        gaps = [" " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        cells = [gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True)]
        yield indent + "  ".join([row[0] + gaps[0], *cells]).rstrip()


def tables(rows: Sequence[Sequence[str]], room: int) -> Iterator[str]:
    """A `table`, or several below each other if one would be wider than there is room.

    The first column stands in each; what is too long in it is cut in the middle.

    >>> print(*tables([["class", "train", "val"], ["cat", "2", "1"]], 16), sep="\\n")
      class  train
      cat        2
    <BLANKLINE>
      class  val
      cat      1
    >>> print(*tables([["class", "train"], ["a long name of a class", "2"]], 24), sep="\\n")
      class            train
      a long na...ass      2
    """
    from rich.cells import cell_len

    rows = [[one_line(shortened(cell, MOST_IN_CELL)) for cell in row] for row in rows]
    widest = max((cell_len(cell) for row in rows for cell in row[1:]), default=0)
    most = max(room - widest - 4, LEAST_NAME)
    rows = [[fitted(row[0], most), *row[1:]] for row in rows]

    def part(columns: Sequence[int]) -> list[str]:
        return [*table([[row[column] for column in columns] for row in rows])]

    chosen = [0]
    for column in range(1, max(map(len, rows), default=0)):
        if len(chosen) > 1 and max(map(cell_len, part([*chosen, column]))) > room:
            yield from part(chosen)
            yield ""
            chosen = [0]
        chosen.append(column)
    yield from part(chosen)


def fitted(text: str, most: int) -> str:
    """A text of at most a display width, without most of what is after its start if it is longer.

    >>> fitted("a long name of a class", 15)
    'a long na...ass'
    """
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= most:
        return text
    end = text[-3:]
    return f"{set_cell_size(text, most - cell_len(end) - 3)}...{end}"


def show_table(rows: Sequence[Sequence[str]]) -> None:
    """Print a `table` unless ``--quiet`` is given; `tables` on a terminal that is too narrow."""
    narrow = sys.stdout.isatty()
    lines = tables(rows, shutil.get_terminal_size().columns) if narrow else table(rows)
    for line in lines:
        tell(line)


def show_numbers(
    columns: Sequence[str],
    rows: Mapping[str, Sequence[int]],
    last: str,
    totals: Sequence[int],
    shown: Callable[[Sequence[int]], Iterable[str]] | None = None,
) -> None:
    """Print numbers by class: of many classes those with the most objects, in their order.

    Several classes without objects are a line instead of rows.

    Args:
        columns: their names.
        rows: class -> a number for each column.
        last: name of the last row.
        totals: its numbers.
        shown: the cells of a row's numbers; None for the numbers alone.
    """
    none = [name for name, numbers in rows.items() if not any(numbers)]
    some = {name: row for name, row in rows.items() if any(row) or len(none) == 1}
    most = {*sorted(some, key=lambda name: -sum(some[name]))[:_MOST_CLASSES]}
    table_rows = [["class", *columns]]
    for name, numbers in (*((name, some[name]) for name in some if name in most), (last, totals)):
        table_rows.append([name, *(shown(numbers) if shown else map("{:,}".format, numbers))])
    show_table(table_rows)
    if left := [sum(row) for name, row in some.items() if name not in most]:
        each = f"up to {plural(max(left), 'object')} each"
        tell(f"  ... and {plural(len(left), 'class')} more, with {each}; --json has all")
    if len(none) > 1:
        tell(f"  {plural(len(none), 'class')} without objects: {first_of(none)}")


def show_counts(
    classes: Iterable[str], images: Mapping[str, int], instances: Mapping[str, Mapping[str, int]]
) -> None:
    """Print the number of instances of each class in each split, and of images.

    Args:
        classes: the classes, a row each.
        images: split -> number of images; a column each.
        instances: split -> class -> number of instances.
    """
    numbers = {name: [instances[split].get(name, 0) for split in images] for name in classes}
    show_numbers([*images], numbers, "(images)", [*images.values()])


def show_findings(findings: Sequence[Finding]) -> None:
    """Findings by severity and code, the first few of each in full."""
    order = {"error": 0, "warning": 1, "note": 2}
    codes = dict.fromkeys(
        (finding.severity, finding.code)
        for finding in sorted(findings, key=lambda finding: order[finding.severity])
    )
    for severity, name in codes:
        group = [
            finding for finding in findings if (finding.severity, finding.code) == (severity, name)
        ]
        lost = sum(finding.lost for finding in group)
        number = sum(finding.count for finding in group)
        say(
            f"{severity} {name}: {number}" + (f", {plural(lost, 'shape')} left out" if lost else "")
        )
        for finding in group[:SHOWN_PER_CODE]:
            say(f"  {finding}", wrap=True)
        if (more := number - sum(finding.count for finding in group[:SHOWN_PER_CODE])) > 0:
            say(f"  ... and {more} more")
