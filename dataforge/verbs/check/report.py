"""Options and report of a check."""

from __future__ import annotations

from typing import Any

import msgspec

from dataforge.checks import Ignore
from dataforge.classes import ClassOptions
from dataforge.errors import plural
from dataforge.findings import Finding, Severity
from dataforge.reports import Shown

MAX_FINDINGS = 100
"""Default number of findings of one code in a report; the rest are only counted."""


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
