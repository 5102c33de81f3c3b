"""A linter for detection datasets: finds what will spoil a training.

    survey ─► Finding ───────────────────────────────► selection ─► report
        └───► checks: image ─► facts ─► checks: finish ──┘

One pass over the dataset, in the order of its files; `dataforge.checks` contains the checks.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from dataforge.checks import (
    CONFIG,
    ConfigFile,
    DatasetInfo,
    Facts,
    Ignore,
    Running,
    Selection,
    Settings,
    Whole,
    find_settings,
    load_settings,
    start,
)
from dataforge.classes import Classes, ClassOptions, ClassRules
from dataforge.datasets import (
    KeepingRoot,
    Measurable,
    Progress,
    Source,
    Survey,
    guess_formats,
    in_utf8,
    survey,
    verifying,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, plural
from dataforge.findings import Finding, Folded, Severity, as_reasons
from dataforge.formats import COCO_RESULTS, Context, Texts
from dataforge.frameworks import config_signs, get_framework
from dataforge.mmconfig import Config
from dataforge.reports import Shown
from dataforge.verbs.evaluate import results_in

MAX_FINDINGS = 100
"""Default number of findings of one code in a report; the rest are only counted."""

HOW = ("coords", "image-folder", "layout")
"""Codes of notes that say how a dataset is read, not what is in it."""


class CheckOptions(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to check; includes the class rules of `dataforge.classes.ClassOptions`.

    Attributes:
        reads: format; None for that of most of the annotation files.
        read_options: fields of the reader's `Options`.
        layout: of a VOC-like source, see `dataforge.datasets.find_layout`.
        select: codes and groups; empty for those of ``dataforge.toml``, else all.
        ignore: codes and groups, in addition to those of ``dataforge.toml``.
        images: look at the image files.
        follow_links: also read what links out of the folder lead to.
        pixels: also decode them, which finds truncated images and near duplicates.
        max_findings: of one code in the report; 0 for all, but 100 of a code in one file.
        settings: a ``dataforge.toml``; None for the nearest in or above the working directory that
            is not part of the dataset.
        engine: where the work runs, see `dataforge.engines`.
        engine_options: fields of the engine's `Options`.
        workers: processes, 0 for one per core, None for as many as pay; the report is the same.
        cache: folder of what is kept of files, to read only what changes; the report is the same.
    """

    reads: str | None = None
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    images: bool = True
    pixels: bool = True
    follow_links: bool = False
    max_findings: int = MAX_FINDINGS
    settings: str | None = None
    engine: str = "local"
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)
    workers: int | None = 1
    cache: str | None = None


class UsedSettings(msgspec.Struct, kw_only=True):
    """What a ``dataforge.toml`` hides.

    Attributes:
        file: its path.
        select: the codes and groups that it selects; other checks are not run. Empty for all.
        ignored: code -> number of findings that are not reported because of it.
    """

    file: str
    select: list[str] = []
    ignored: dict[str, int] = {}


class CheckReport(Shown, msgspec.Struct, kw_only=True):
    """The result of a check. As JSON, this is the output of ``check --json``; keys are only added.

    Attributes:
        version: of this schema.
        path: as given.
        root: the folder that the findings' files are relative to.
        format: that was read; ``config`` for a training config.
        how: sentences that say how it was read.
        images: number of images that were checked, counted per split.
        shapes: number of shapes in them.
        classes: names in the order of their labels.
        findings: in the order they were found, at most `CheckOptions.max_findings` of a code, and
            100 of a code in one file; `Finding.count` says how many objects one stands for.
        counts: code -> severity -> number of all objects found, sorted by code.
        fixable: code -> number of its findings that ``--fix`` (or ``--unsafe-fixes``) can fix.
        ignored: what was not checked or not reported, and why.
        settings: the ``dataforge.toml`` that selects or ignores; None if there is none.
    """

    version: int = 1
    path: str
    root: str
    format: str
    how: list[str] = []
    images: int = 0
    shapes: int = 0
    classes: list[str] = []
    findings: list[Finding] = []
    counts: dict[str, dict[Severity, int]] = {}
    fixable: dict[str, int] = {}
    ignored: list[Ignore] = []
    settings: UsedSettings | None = None

    def title(self) -> str:
        what = f"{plural(self.images, 'image')}, {plural(self.shapes, 'shape')}"
        severities: tuple[Severity, ...] = ("error", "warning", "note")
        said = ", ".join(plural(number, one) for one in severities if (number := self.total(one)))
        return f"{self.path} ({self.format}: {what}): {said or 'no findings'}"

    def total(self, severity: Severity) -> int:
        """Number of findings of a severity."""
        return sum(counts.get(severity, 0) for counts in self.counts.values())

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return self.total("error") > 0


def check(
    path: str | os.PathLike[str],
    options: CheckOptions | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Check a dataset, or a training config.

    Args:
        path: a folder, local or an fsspec URL, an annotation file, or a config (``.py``).
        options: how to check.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: an option does not apply to the format, or there is no such code.
        InputError: the folder does not exist, or nothing in it can be read; or a config is for two
            frameworks.
        LayoutError: the layout cannot be inferred.
        ParseError: the config is not valid Python, or the ``dataforge.toml`` not valid TOML.
    """
    path, options = os.fspath(path), options or CheckOptions()
    if is_config(path):
        return _check_config(path, options)
    with checked(path, options, progress) as found:
        return found.report


def is_config(path: str) -> bool:
    """Whether a path is that of a training config."""
    return path.lower().endswith(".py") and Path(path).is_file()


class Checked(msgspec.Struct, frozen=True):
    """A dataset that has been checked.

    Attributes:
        source: the dataset.
        report: what was found.
        findings: all that can be fixed, in the order they were found.
        survey: contains the texts of the annotation files and the images, if requested.
        classes: the final ones.
    """

    source: Source
    report: CheckReport
    findings: list[Finding]
    survey: Survey
    classes: Classes


@contextmanager
def checked(
    path: str,
    options: CheckOptions,
    progress: Progress | None = None,
    *,
    keep_text: bool = False,
    keep_images: bool = False,
) -> Iterator[Checked]:
    """Check a dataset, and keep what fixing or showing it needs until the block ends; see `check`.

    Args:
        path: of the dataset.
        options: how to check.
        progress: see `check`.
        keep_text: keep the texts of the annotation files.
        keep_images: keep the images, for a second pass.
    """
    root = KeepingRoot(path, follow_links=options.follow_links)
    settings = _Settings(None if root.remote else root.path, options)
    format_, others, foreign = (options.reads, [], []) if options.reads else guess_formats(root)
    given = verifying(format_, verify=options.images) | options.read_options
    source = Source(root, format_, given, options.layout)
    report = CheckReport(path=path, root=root.location, format=format_)
    report.how = [
        f"not checked: {plural(part.files, 'annotation file')} in the format {part.format}; "
        f"use --from {part.format} to check them"
        for part in others
    ]
    rest = [one for one in foreign if one.name != COCO_RESULTS]
    report.how += [f"not checked: {one}" for one in rest]
    if len(rest) < len(foreign):
        report.how += [f"not checked: {one}" for one in results_in(root, Texts(root))]
    report.how += settings.how
    has_editor = source.format.editor is not None
    found = _Found(report, settings, options, fixes=has_editor, keep_edits=keep_text)
    found.add(source.findings)
    with _pass(source, options, found, progress, keep_text, keep_images) as (surveyed, classes):
        yield Checked(source, found.done(), found.fixable, surveyed, classes)


def _check_config(path: str, options: CheckOptions) -> CheckReport:
    folder = Path(path).parent
    report = CheckReport(path=path, root=str(folder), format=CONFIG)
    settings = _Settings(folder, options, data=False)
    found = _Found(report, settings, options)
    root = KeepingRoot(str(folder))
    file = ConfigFile(root, Path(path).name, config_signs())
    if why := file.config.why_no_config():  # raises if it is not Python
        raise InputError(f"{path}: not a training config: {why}")
    report.how = _how(file.config) + settings.how
    data = DatasetInfo(root, CONFIG, ClassRules().resolver())
    found.add(Running(data, start(settings.runs.codes(), data)).config(file))
    return found.done()


def _how(config: Config) -> list[str]:
    """How a config was read."""
    title = get_framework(config.framework).title if config.framework else "an unknown framework"
    how = [f"a config for {title}, read without running it or anything it imports"]
    if not config.is_complete:
        how.append("a base config was not found: settings that depend on it were not checked")
    return how


class _Settings:
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


class _Found:
    """Collects findings: those that are wanted, each once, up to a number per code."""

    def __init__(
        self,
        report: CheckReport,
        settings: _Settings,
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


@contextmanager
def _pass(
    source: Source,
    options: CheckOptions,
    found: _Found,
    progress: Progress | None,
    keep_text: bool,
    keep_images: bool,
) -> Iterator[tuple[Survey, Classes]]:
    """One pass: findings of the reader, of the checks, and on the classes."""
    report = found.report
    rules = options.rules().over(source.rules)
    data = DatasetInfo.of(source, rules.resolver())
    wanted = found.settings.runs.codes(images=options.images, pixels=options.pixels)
    running = Running(data, start(wanted, data))
    names = frozenset(wanted)
    context = Context(resolver=data.resolver, strict=True, wanted=names, keep_text=keep_text)
    with survey(
        source,
        context,
        get_engine(options.engine, options.workers, options.engine_options),
        report=found.take,
        steps=[Measurable(), running],
        keep=keep_images,
        progress=progress,
        cache=source.cache(options.cache, "check", rules, wanted) if running.is_own else None,
    ) as surveyed:
        classes = surveyed.settled(data.resolver)
        report.images = len(surveyed.images)
        report.shapes = sum(seen.shapes for seen in surveyed.images)
        report.classes = [*classes.names]
        found.add(classes.findings())
        whole = Whole(data, surveyed.images, surveyed.header, classes)
        found.add(running.finish(Facts(surveyed.facts), whole))
        if not report.images and not report.failed:
            reasons = as_reasons(report.findings)
            raise InputError(f"{report.path}: nothing can be read as {report.format}{reasons}")
        yield surveyed, classes
