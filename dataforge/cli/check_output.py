"""What `dataforge check` says, for people and for programs; each form is an iterator of lines."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec

from dataforge import __version__
from dataforge.check import CheckReport
from dataforge.checks import checks
from dataforge.cli.output import table
from dataforge.errors import plural
from dataforge.records import Finding, Severity

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def as_text(report: CheckReport) -> Iterator[str]:
    """Findings by code, the gravest first, each with its place; counted at the end."""
    for code in _by_gravity(report):
        group = [finding for finding in report.findings if finding.code == code]
        yield f"{_gravest(report, code)} {code}{_title(code)}"
        remedies = {finding.remedy for finding in group}
        for finding in group:
            once = len(remedies) == 1
            yield f"  {msgspec.structs.replace(finding, remedy='') if once else finding}"
        if more := sum(report.counts[code].values()) - len(group):
            yield f"  ... and {more:,} more"
        if len(remedies) == 1 and (remedy := remedies.pop()):
            yield f"  -> {remedy}"
    yield from report.how
    if report.counts:
        yield ""
        yield from table(list(_rows(report)), indent="")
    for entry in report.ignored:
        place = f" in {entry.files}" if entry.files else ""
        yield f"ignored: {entry.code}{place}" + (f": {entry.reason}" if entry.reason else "")
    yield from _mendable(report)
    yield _summary(report)


def _mendable(report: CheckReport) -> Iterator[str]:
    """What ``--fix`` is for, of what was found."""
    fixes = {code: checks()[code].fix for code in report.counts if code in checks()}
    for fix, option in (("safe", "--fix"), ("unsafe", "--fix --unsafe-fixes")):
        if codes := [code for code in fixes if fixes[code] == fix]:
            yield f"`{option}` may mend: {', '.join(codes)}; `--diff` shows how"


def _by_gravity(report: CheckReport) -> list[str]:
    return sorted(report.counts, key=lambda code: (_SEVERITIES.index(_gravest(report, code)), code))


def _gravest(report: CheckReport, code: str) -> Severity:
    return min(report.counts[code], key=_SEVERITIES.index)


def _title(code: str) -> str:
    return f": {checks()[code].title}" if code in checks() else ""


def _rows(report: CheckReport) -> Iterator[list[str]]:
    yield ["code", *(f"{severity}s" for severity in _SEVERITIES)]
    for code in _by_gravity(report):
        numbers = (report.counts[code].get(severity) for severity in _SEVERITIES)
        yield [code, *(f"{number:,}" if number else "" for number in numbers)]


def _summary(report: CheckReport) -> str:
    seen = f"{plural(report.images, 'image')}, {plural(report.shapes, 'shape')}"
    what = report.path + (f" ({report.format}: {seen})" if report.format != "config" else "")
    if not report.counts:
        return f"{what}: nothing found"
    numbers = (
        plural(number, severity) for severity in _SEVERITIES if (number := report.total(severity))
    )
    return f"{what}: {', '.join(numbers)}; `dataforge explain CODE` says more"


def as_json(report: CheckReport) -> Iterator[str]:
    """`CheckReport` as it is, in ASCII."""
    yield json.dumps(msgspec.to_builtins(report), indent=2)


# GitHub -----------------------------------------------------------------------------------------


def as_github(report: CheckReport) -> Iterator[str]:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    commands = {"error": "error", "warning": "warning", "note": "notice"}
    for finding in report.findings:
        properties = {"file": _path(report, finding), "title": finding.code}
        if line := _line(finding):
            properties["line"] = str(line)
        said = ",".join(f"{key}={_in_property(value)}" for key, value in properties.items())
        yield f"::{commands[finding.severity]} {said}::{_in_message(_sentence(finding))}"


def _in_message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _in_property(text: str) -> str:
    return _in_message(text).replace(":", "%3A").replace(",", "%2C")


def _path(report: CheckReport, finding: Finding) -> str:
    """The finding's file as seen from where the report's path is."""
    return posixpath.normpath(posixpath.join(report.root, finding.file))


def _line(finding: Finding) -> int:
    """The line that it points at; 0 for a JSON pointer or nothing."""
    found = re.match(r"line (\d+)", finding.where)
    return int(found[1]) if found else 0


def _sentence(finding: Finding) -> str:
    """Message and remedy, and the place where that is no line."""
    place = f"{finding.where}: " if finding.where and not _line(finding) else ""
    return place + finding.message + (f"; {finding.remedy}" if finding.remedy else "")


# SARIF ------------------------------------------------------------------------------------------


def as_sarif(report: CheckReport) -> Iterator[str]:
    """SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0), as code scanners take it."""
    codes = list(report.counts)
    driver = {
        "name": "dataforge",
        "version": __version__,
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(report, finding, codes) for finding in report.findings],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    yield json.dumps(document, indent=2)


def _rule(code: str) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": code}
    if code in checks():
        rule["shortDescription"] = {"text": checks()[code].title}
        rule["help"] = {"text": checks()[code].page}
    return rule


def _result(report: CheckReport, finding: Finding, codes: list[str]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(_path(report, finding))}}
    if line := _line(finding):
        place["region"] = {"startLine": line}
    location: dict[str, Any] = {"physicalLocation": place}
    if finding.where and not line:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.where}]
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.severity,
        "message": {"text": _sentence(finding)},
        "locations": [location],
    }


FORMS = {"text": as_text, "json": as_json, "github": as_github, "sarif": as_sarif}
"""Value of ``--format`` -> what makes it."""
