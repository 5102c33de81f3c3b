"""Output formats of `dataforge check`, for users and for tools; each is an iterator of lines."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_from_bytes

import msgspec

from dataforge import __version__
from dataforge.cli.command import is_quiet
from dataforge.cli.explain import page_address
from dataforge.cli.output import (
    MOST_IN_LINE,
    SHOWN_PER_CODE,
    say_for_tools,
    say_lines,
    table,
    warn,
)
from dataforge.codes import code
from dataforge.errors import InputError, ParseError, one_line, plural, shortened
from dataforge.findings import Finding, Severity
from dataforge.formats import Text
from dataforge.io import MAX_COCO_BYTES, Root, report_json
from dataforge.verbs.check import CheckReport

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def as_text(report: CheckReport, most: int = SHOWN_PER_CODE) -> Iterator[str]:
    """Findings by code, the most severe first, each with its location; totals at the end.

    Args:
        report: of the check.
        most: findings of a code that are shown; 0 for all that the report has.
    """
    for name in _by_gravity(report):
        group = [finding for finding in report.findings if finding.code == name]
        group = group[:most] if most else group
        yield f"{_gravest(report, name)} {name}: {code(name).page.title}"
        remedies = {finding.remedy for finding in group}
        for finding in group:
            place = msgspec.structs.replace(finding.place, file=_path(report, finding))
            shown = msgspec.structs.replace(finding, place=place)
            once = len(remedies) == 1
            yield f"  {msgspec.structs.replace(shown, remedy='') if once else shown}"
        if more := sum(report.counts[name].values()) - sum(one.count for one in group):
            yield f"  ... and {more:,} more"
        if len(remedies) == 1 and (remedy := remedies.pop()):
            yield f"  -> {remedy}"
    yield from hidden(report)
    if not is_quiet():
        yield from report.how
        yield from [""] * bool(report.counts)
        yield from statistics(report)


def statistics(report: CheckReport) -> Iterator[str]:
    """How many there are of each code, what is ignored, what can be fixed, and the totals."""
    if report.counts:
        yield from table(list(_rows(report)), indent="")
    for entry in report.ignored:
        place = f" in {entry.files}" if entry.files else ""
        yield f"ignored: {entry.code}{place}" + (f": {entry.reason}" if entry.reason else "")
    yield from _fixable(report)
    yield _summary(report)


def hidden(report: CheckReport) -> Iterator[str]:
    """What a ``dataforge.toml`` hides, also where there is nothing else to say."""
    if used := report.settings:
        only = f"only {', '.join(used.select)}; " if used.select else ""
        numbers = ", ".join(f"{name} {number:,}" for name, number in used.ignored.items())
        total = plural(sum(used.ignored.values()), "finding")
        yield f"settings of {used.file}: {only}{total} ignored" + (
            f": {numbers}" if numbers else ""
        )


def _fixable(report: CheckReport) -> Iterator[str]:
    """The number of findings that ``--fix`` can fix."""
    for fix, option in (("safe", "--fix"), ("unsafe", "--fix --unsafe-fixes")):
        named = {name: n for name, n in report.fixable.items() if code(name).fix == fix}
        if named:
            numbers = ", ".join(f"{name} {number:,}" for name, number in named.items())
            total = plural(sum(named.values()), "finding")
            yield f"`{option}` can fix {total}: {numbers}; `--diff` shows how"


def _by_gravity(report: CheckReport) -> list[str]:
    return sorted(report.counts, key=lambda name: (_SEVERITIES.index(_gravest(report, name)), name))


def _gravest(report: CheckReport, name: str) -> Severity:
    return min(report.counts[name], key=_SEVERITIES.index)


def _rows(report: CheckReport) -> Iterator[list[str]]:
    yield ["code", *(f"{severity}s" for severity in _SEVERITIES)]
    for name in _by_gravity(report):
        numbers = (report.counts[name].get(severity) for severity in _SEVERITIES)
        yield [name, *(f"{number:,}" if number else "" for number in numbers)]


def _summary(report: CheckReport) -> str:
    seen = f"{plural(report.images, 'image')}, {plural(report.shapes, 'shape')}"
    what = report.path + (f" ({report.format}: {seen})" if report.format != "config" else "")
    if not report.counts:
        return f"{what}: no findings"
    numbers = (
        plural(number, severity) for severity in _SEVERITIES if (number := report.total(severity))
    )
    return f"{what}: {', '.join(numbers)}; `dataforge explain CODE` says more"


def as_json(report: CheckReport) -> Iterator[str]:
    """The `CheckReport` as ASCII JSON."""
    yield report_json(report)


def _with_lines(report: CheckReport) -> Iterator[Finding]:
    """The findings, those in JSON files with the lines of what they point at."""
    texts: dict[str, Text | None] = {}
    for finding in report.findings:
        place = finding.place
        if place.line or not place.pointer or not place.file.lower().endswith(".json"):
            yield finding
            continue
        if place.file not in texts:
            try:
                texts[place.file] = Text(
                    place.file, Root(report.root).read_bytes(place.file, MAX_COCO_BYTES)
                )
            except (InputError, ParseError):
                texts[place.file] = None
        text = texts[place.file]
        line, column = text.line_of(place.pointer) if text else (0, 0)
        place = msgspec.structs.replace(place, line=line, column=column)
        yield msgspec.structs.replace(finding, place=place)


# GitHub -----------------------------------------------------------------------------------------


def as_github(report: CheckReport) -> Iterator[str]:
    """Workflow commands, which GitHub shows as annotations on a pull request."""
    commands = {"error": "error", "warning": "warning", "note": "notice"}
    for finding in _with_lines(report):
        properties = {"file": _path(report, finding), "title": finding.code}
        for key, number in (("line", finding.place.line), ("col", finding.place.column)):
            if number:
                properties[key] = str(number)
        parameters = ",".join(f"{key}={_in_property(value)}" for key, value in properties.items())
        message = _in_message(shortened(_sentence(finding), MOST_IN_LINE))
        yield f"::{commands[finding.severity]} {parameters}::{message}"


def _in_message(text: str) -> str:
    return one_line(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _in_property(text: str) -> str:
    return _in_message(text).replace(":", "%3A").replace(",", "%2C")


def _path(report: CheckReport, finding: Finding) -> str:
    """The finding's file, relative to the same folder as the report's path."""
    scheme, remote, root = report.root.rpartition("://")
    return scheme + remote + posixpath.normpath(posixpath.join(root, finding.file))


def _sentence(finding: Finding) -> str:
    """Message and remedy, preceded by the location in the file if it has no line number."""
    pointer = "" if finding.file.endswith(".xml") else finding.place.pointer
    place = f"{pointer}: " if pointer else ""
    return place + finding.said + (f"; {finding.remedy}" if finding.remedy else "")


# SARIF ------------------------------------------------------------------------------------------


def as_sarif(report: CheckReport) -> Iterator[str]:
    """SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), for code scanning tools."""
    codes = list(report.counts)
    driver = {
        "name": "dataforge",
        "version": __version__,
        "rules": [_rule(name) for name in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, codes) for finding in _with_lines(report)],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    yield report_json(document)


def _rule(name: str) -> dict[str, Any]:
    page = code(name).page
    rule = {
        "id": name,
        "shortDescription": {"text": page.title},
        "help": {"text": page.body, "markdown": page.body},
    }
    address = page_address(name)
    return {**rule, "helpUri": address} if address else rule


def _result(report: CheckReport, finding: Finding, codes: list[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(_path(report, finding))}}
    if finding.place.line:
        place["region"] = {"startLine": finding.place.line}
        if finding.place.column:
            place["region"]["startColumn"] = finding.place.column
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.place.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.place.pointer}]
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [location],
    }


def _uri(path: str) -> str:
    """A path, whose name may be no UTF-8, as a URI reference."""
    scheme, remote, rest = path.partition("://")
    if remote:
        return f"{scheme}://{quote(rest)}"
    return quote_from_bytes(os.fsencode(path))


FORMS = {"json": as_json, "github": as_github, "sarif": as_sarif}
"""Value of ``--output-format`` -> the function that produces its lines."""


def print_report(report: CheckReport, form: str, most: int = SHOWN_PER_CODE) -> None:
    """Print a report as text or in one of the `FORMS`.

    Args:
        report: of the check.
        form: `text`, or one of `FORMS`.
        most: findings of a code that are shown as text; 0 for all that the report has.
    """
    if form == "text":
        say_lines(as_text(report, most), wrap=True)
        return
    for line in FORMS[form](report):
        say_for_tools(line)
    if form in ("github", "sarif"):
        for line in hidden(report):
            warn(line)
