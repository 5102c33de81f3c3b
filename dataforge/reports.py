"""How reports look at a prompt and in a notebook, and as a table of pandas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from dataforge.errors import MissingDependencyError, one_line, plural, shortened
from dataforge.findings import Finding

if TYPE_CHECKING:
    import pandas

_MOST = 20
"""Rows of a table in a notebook."""


class Table(NamedTuple):
    """Rows of cells, texts or numbers, under a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[Any]]


class Shown:
    """A mix-in of reports: `title`, `table`, `findings` and `notes` say what is shown."""

    __slots__ = ()

    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()

    def title(self) -> str:
        """The report in a line."""
        raise NotImplementedError

    def table(self) -> Table:
        """Its numbers, or its findings."""
        return findings_table(self.findings)

    def picture(self) -> str:
        """HTML that follows the title; empty for none."""
        return ""

    def to_pandas(self) -> pandas.DataFrame:
        """The report's table.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingDependencyError("to_pandas needs pandas: pip install pandas") from error
        head, rows = self.table()
        return pandas.DataFrame(list(rows), columns=list(head))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(self.title())}>"

    def _repr_html_(self) -> str:
        table = self.table()
        parts = [f"<p><b>{_text(self.title())}</b></p>", self.picture(), _html(table)]
        if table.head != FINDING_HEAD and self.findings:
            parts.append(_html(findings_table(self.findings)))
        if self.notes:
            parts.append(f"<ul>{''.join(f'<li>{_text(note)}</li>' for note in self.notes)}</ul>")
        return "".join(parts)


FINDING_HEAD = ("severity", "code", "file", "place", "message", "remedy", "count", "lost")


def findings_table(findings: Iterable[Finding]) -> Table:
    """Findings, a row each."""
    return Table(
        FINDING_HEAD,
        [
            [
                finding.severity,
                finding.code,
                finding.file,
                finding.place.inside,
                finding.said,
                finding.remedy,
                finding.count,
                finding.lost,
            ]
            for finding in findings
        ],
    )


def class_table(
    classes: Iterable[str], images: Mapping[str, int], objects: Mapping[str, Mapping[str, int]]
) -> Table:
    """Objects of each class in each split, and images.

    Args:
        classes: the classes, a row each.
        images: split -> number of images; a column each.
        objects: split -> class -> number of objects.
    """
    rows = [[name, *(objects[split].get(name, 0) for split in images)] for name in classes]
    return Table(["class", *images], [*rows, ["(images)", *images.values()]])


def summed_up(findings: Sequence[Finding]) -> str:
    """How many there are of each severity, in words."""
    counts = {"error": 0, "warning": 0, "note": 0}
    for finding in findings:
        counts[finding.severity] += finding.count
    said = ", ".join(plural(number, name) for name, number in counts.items() if number)
    return said or "no findings"


def _text(value: object) -> str:
    return escape(shortened(one_line(str(value)), 200))


def _cell(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value


def _html(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f"<th>{_text(name)}</th>" for name in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_text(_cell(cell))}</td>" for cell in row) + "</tr>"
        for row in table.rows[:_MOST]
    )
    more = len(table.rows) - _MOST
    rest = f"<p>... and {more:,} more; to_pandas() has all</p>" if more > 0 else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}"
