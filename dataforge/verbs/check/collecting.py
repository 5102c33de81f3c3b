"""Which findings are wanted, and those that are reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dataforge.checks import Ignore, Selection, Settings, find_settings, load_settings
from dataforge.datasets import in_utf8
from dataforge.findings import Finding, Folded
from dataforge.verbs.check.report import CheckOptions, CheckReport, UsedSettings

HOW = ("coords", "image-folder", "layout")
"""Codes of notes that say how a dataset is read, not what is in it."""


class Applied:
    """The settings of a file, overridden by those of the caller.

    Attributes:
        how: sentences on files that do not apply.
        used: what is reported of the file; None if it hides nothing.
        ignored: what is not reported.
        selection: what is reported.
        runs: what is looked for: also what the file ignores, to count it.
        asked: what would be reported without the file.
    """

    def __init__(self, folder: Path | None, options: CheckOptions, *, data: bool = True) -> None:
        path, others = find_settings(folder, data=data)
        if options.settings:
            path, others = Path(options.settings), []
        file = load_settings(path) if path else Settings()
        ignored = [Ignore(code=code) for code in options.ignore]
        select = options.select or file.select or ()
        self.how = [
            f"{other} does not apply, because it came with the data; apply it with --settings"
            for other in others
        ]
        self.ignored = [*file.ignore, *ignored, *file.per_file]
        self.selection = Selection(select, self.ignored)
        self.runs = Selection(select, ignored)
        self.asked = Selection(options.select, ignored)
        own = [] if options.select else [*(file.select or ())]
        self.used: UsedSettings | None = None
        if path and (own or file.ignore or file.per_file):
            self.used = UsedSettings(file=str(path), select=own, ignored={})


class Found:
    """Collects findings: those that are wanted, each once, up to a number per code."""

    def __init__(
        self,
        report: CheckReport,
        settings: Applied,
        options: CheckOptions,
        *,
        fixes: bool = False,  # whether the format has an editor
        keep_edits: bool = False,  # for the fixes
    ) -> None:
        self.report = report
        self._fixes = fixes
        self.settings = settings
        self._keep_edits = keep_edits
        self.fixable: list[Finding] = []
        self._limit = options.max_findings
        self._seen: set[int] = set()
        self._folded = Folded()
        self._listed: Counter[str] = Counter()
        report.findings = self._folded.findings
        report.ignored = settings.ignored
        report.settings = settings.used

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings."""
        for finding in findings:
            self.take(finding)

    def take(self, finding: Finding) -> None:
        """Add a finding."""
        report = self.report
        if finding.code in HOW:
            if finding.message not in report.how:  # may be repeated for several files
                report.how.append(finding.message)
            return
        reported = self.settings.selection.takes(finding)
        if not reported and not self.settings.asked.takes(finding):
            return
        finding = in_utf8(finding)
        known = hash(finding.identity)  # the same file may be listed in two splits
        if known in self._seen:
            return
        self._seen.add(known)
        if not reported:
            if used := self.settings.used:
                used.ignored[finding.code] = used.ignored.get(finding.code, 0) + 1
            return
        counts = report.counts.setdefault(finding.code, {})
        counts[finding.severity] = counts.get(finding.severity, 0) + finding.count
        if finding.edits and self._fixes:
            fixable = report.fixable
            fixable[finding.code] = fixable.get(finding.code, 0) + finding.count
            if self._keep_edits:
                self.fixable.append(finding)
        if not self._keep_edits and self._folded.joins(finding):
            return  # else fixing has to know each
        self._listed[finding.code] += 1
        if not self._limit or self._listed[finding.code] <= self._limit:
            self._folded.append(finding)

    def done(self) -> CheckReport:
        """The report."""
        self.report.counts = dict(sorted(self.report.counts.items()))
        self.report.fixable = dict(sorted(self.report.fixable.items()))
        if used := self.settings.used:
            used.ignored = dict(sorted(used.ignored.items()))
        return self.report
