"""What will spoil a training, found before it: a linter for detection datasets.

    reader ─► Finding ────────────────────────► selection ─► report
         └──► Image ─► checks, class map ─► Finding ──┘

One pass over the dataset, in the order of its files; `dataforge.checks` holds the checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

import msgspec

from dataforge.checks import (
    Data,
    Document,
    Ignore,
    KeepingRoot,
    Running,
    Selection,
    Settings,
    find_settings,
    load_settings,
    measurable,
    start,
)
from dataforge.classes import ClassMap, ClassOptions
from dataforge.datasets import Progress, Source, in_utf8
from dataforge.errors import InputError, plural
from dataforge.formats import get_format
from dataforge.inspect import guess_formats
from dataforge.mmconfig import Config
from dataforge.records import Finding, Header, Image, Severity

MAX_FINDINGS = 100
"""Findings of one code that a report holds, if nobody says otherwise; the rest are counted."""

CONFIG = "config"
"""The format of a training config."""

HOW = ("coords", "image-folder", "layout")
"""Codes of notes that say how a dataset is read, and not what is in it."""


class CheckOptions(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to check; with what `dataforge.classes.ClassOptions` says of the classes.

    Attributes:
        reads: format; None for that of most of the annotation files.
        read_options: fields of the reader's `Options`.
        layout: of a VOC-like source, see `dataforge.datasets.choose`.
        select: codes and groups; empty for what ``dataforge.toml`` says, else all.
        ignore: codes and groups, beside those of ``dataforge.toml``.
        images: look at the image files.
        pixels: decode them, too, which finds truncated ones and near duplicates.
        max_findings: of one code, that the report holds; 0 for all.
        settings: a ``dataforge.toml``; None for that of the folder, or above the working directory.
    """

    reads: str | None = None
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    images: bool = True
    pixels: bool = True
    max_findings: int = MAX_FINDINGS
    settings: str | None = None


class CheckReport(msgspec.Struct, kw_only=True):
    """What was found. As JSON this is the output of ``check --format json``; keys are only added.

    Attributes:
        version: of this schema.
        path: as given.
        root: the folder that the findings' files are relative to.
        format: that was read; ``config`` for a training config.
        how: sentences that say how it was read.
        images: number of images that were checked, each split counting its own.
        shapes: number of shapes marked in them.
        classes: names in the order of their labels.
        findings: in the order they were met, at most `CheckOptions.max_findings` of a code.
        counts: code -> severity -> number of findings, all of them, sorted by code.
        ignored: what was not looked for or not reported, and why.
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
    ignored: list[Ignore] = []

    def total(self, severity: Severity) -> int:
        """Number of findings of a severity."""
        return sum(counts.get(severity, 0) for counts in self.counts.values())

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return self.total("error") > 0


def check(
    path: str, options: CheckOptions | None = None, progress: Progress | None = None
) -> CheckReport:
    """Check a dataset, or a training config.

    Args:
        path: a folder, local or an fsspec URL, a COCO file in one, or a config (``.py``).
        options: how.
        progress: called now and then with the number of files read and of all files.

    Raises:
        UsageError: an option does not fit the format, or there is no such code.
        InputError: there is no such folder, or nothing in it can be read.
        LayoutError: the folder does not tell where things are.
        ParseError: a config that is no Python, or a ``dataforge.toml`` that is no TOML.
    """
    options = options or CheckOptions()
    if is_config(path):
        return _check_config(path, options)
    return check_dataset(KeepingRoot(path), path, options, progress)


def is_config(path: str) -> bool:
    """Whether a path is that of a training config."""
    return path.lower().endswith(".py") and Path(path).is_file()


class Beside(Protocol):
    """What goes over the images in the same pass as the checks."""

    def begin(self, data: Data, selection: Selection) -> None:
        """Take in what all checks of the pass know of the dataset, and the codes wanted."""

    def image(self, image: Image) -> None:
        """Take in an image, when the checks have seen it."""

    def finish(self) -> None:
        """All images have been seen."""


def check_dataset(
    root: KeepingRoot,
    path: str,
    options: CheckOptions,
    progress: Progress | None = None,
    beside: Beside | None = None,
) -> CheckReport:
    """Check a dataset that is open already; see `check`.

    Args:
        root: the dataset.
        path: of it, for the report.
        options: how.
        progress: see `check`.
        beside: sees what the checks see.
    """
    folder = None if root.remote else root.path
    settings = _settings(folder, options)
    format_, others = (options.reads, []) if options.reads else guess_formats(root)
    source = Source(root, format_, _read_options(format_, options), options.layout)
    report = CheckReport(path=path, root=root.location, format=format_)
    report.how = [
        f"also here, and not checked: {plural(part.files, 'annotation file')} of {part.format}; "
        f"--reads {part.format} checks that"
        for part in others
    ]
    found = _Found(report, settings, options)
    found.add(source.findings)
    _read(source, options, found, progress, beside)
    return found.done()


def _check_config(path: str, options: CheckOptions) -> CheckReport:
    folder = Path(path).parent
    report = CheckReport(path=path, root=str(folder), format=CONFIG)
    found = _Found(report, _settings(folder, options), options)
    root = KeepingRoot(folder)
    document = Document(root, Path(path).name)
    config = document.config  # raises for what is no Python
    report.how = _how(config)
    data = Data(root, CONFIG, ClassMap())
    found.add(Running(data, start(found.selection.codes(), data)).config(document))
    return found.done()


def _how(config: Config) -> list[str]:
    """How a config was read."""
    said = f"of mmdetection {config.generation}" if config.generation else "of no mmdetection"
    how = [f"a config {said}, read as text: nothing of it, and nothing it imports, was run"]
    if not config.is_complete:
        how.append("a base is not known here: what it says, and what follows, was not checked")
    return how


def _settings(folder: Path | None, options: CheckOptions) -> Settings:
    """What a settings file says, under what the caller says."""
    path = Path(options.settings) if options.settings else find_settings(folder)
    said = load_settings(path) if path else Settings()
    ignore = tuple(Ignore(code=code) for code in options.ignore)
    return msgspec.structs.replace(
        said, select=options.select or said.select, ignore=said.ignore + ignore
    )


def _read_options(format_: str, options: CheckOptions) -> dict[str, Any]:
    fields = get_format(format_).Options.__struct_fields__
    asked = {"verify_images": options.images, "strict": True}
    return {name: value for name, value in asked.items() if name in fields} | options.read_options


class _Found:
    """Takes in findings: those that are wanted, each once, and so many of a code."""

    def __init__(self, report: CheckReport, settings: Settings, options: CheckOptions) -> None:
        self.report = report
        ignored = [*settings.ignore, *settings.per_file]
        self.selection = Selection(settings.select or (), ignored)
        self._limit = options.max_findings
        self._seen: set[int] = set()
        self._kept: Counter[str] = Counter()
        report.ignored = ignored

    def add(self, findings: Iterable[Finding]) -> None:
        """Take in findings."""
        for finding in findings:
            if finding.code in HOW:
                if finding.message not in self.report.how:  # said of each of several files
                    self.report.how.append(finding.message)
                continue
            if not self.selection.takes(finding):
                continue
            known = hash(finding)  # the same file may be listed in two splits
            if known in self._seen:
                continue
            self._seen.add(known)
            counts = self.report.counts.setdefault(finding.code, {})
            counts[finding.severity] = counts.get(finding.severity, 0) + 1
            self._kept[finding.code] += 1
            if not self._limit or self._kept[finding.code] <= self._limit:
                self.report.findings.append(in_utf8(finding))

    def done(self) -> CheckReport:
        """The report."""
        self.report.counts = dict(sorted(self.report.counts.items()))
        return self.report


def _read(
    source: Source,
    options: CheckOptions,
    found: _Found,
    progress: Progress | None,
    beside: Beside | None,
) -> None:
    """One pass: what the reader says, what the checks say, what the classes come to."""
    report = found.report
    classes = options.rules().over(source.rules).class_map()
    image_root = getattr(source.options, "image_root", None)
    data = Data(
        source.root,
        report.format,
        classes,
        source.layout,
        KeepingRoot(image_root) if image_root else None,
    )
    codes = found.selection.codes()
    running = Running(data, start(codes, data, images=options.images, pixels=options.pixels))
    if beside:
        beside.begin(data, found.selection)
    for record in source.records(classes.canonical, progress=progress):
        if isinstance(record, Finding):
            found.add([record])
        elif isinstance(record, Header):
            data.header = record
            classes.declare(category.name for category in record.categories)
        else:
            image, faults = measurable(record)
            found.add(faults)
            found.add(running.image(image))
            if beside:
                beside.image(image)
            report.images += 1
            report.shapes += sum(instance.parts for instance in image.instances)
            for instance in image.instances:
                classes.take(instance.label, instance.parts, image.source, instance.where)
    found.add(classes.findings())
    report.classes = classes.names()
    found.add(running.finish())
    if beside:
        beside.finish()
    if not report.images and not report.failed:
        raise InputError(f"{report.path}: nothing here can be read as {report.format}")
