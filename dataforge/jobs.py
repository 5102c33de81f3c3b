"""Conversion jobs and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.classes import ClassOptions
from dataforge.datasets import ImageMode, in_utf8
from dataforge.errors import plural
from dataforge.findings import Finding, Gathered, any_error
from dataforge.io import write_report
from dataforge.reports import Shown, Table, class_table, summed_up


class Job(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to convert, and how; includes the class rules of `dataforge.classes.ClassOptions`.

    Attributes:
        source: folder to read, local or an fsspec URL, or a file in it.
        out: folder to write, or a file if the format allows one.
        reads, writes: format names.
        read_options: fields of the reader's `Options`.
        write_options: fields of the writer's `Options`.
        layout: of a VOC-like source, see `dataforge.datasets.find_layout`; its class rules are the
            defaults.
        split: ratios such as ``train=80,val=20``, a manifest of `dataforge.split`, or None for the
            source's own splits.
        seed, stratify, group_by: of the split, see `dataforge.splits.Rule`.
        image_mode: leave images where they are (`reference`), or put them where the output format
            requires them (`copy`, `hardlink`, `symlink`); None is the format's default.
        clip: clip boxes, polygons and areas to the image.
        drop_empty: skip images without annotations.
        follow_links: also read what links out of the source lead to.
        force: overwrite files that exist.
        engine: where the work runs, see `dataforge.engines`.
        engine_options: fields of the engine's `Options`.
        workers: processes that read and write, 0 for one per core, None for as many as pay; the
            output is the same.
        cache: folder of what is kept of the files that were read, so that only what has changed is
            read again; the output is the same. See `dataforge.datasets.default_cache_folder`.
    """

    source: str
    out: str
    reads: str
    writes: str
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    write_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    split: str | None = None
    seed: int = 0
    stratify: bool = False
    group_by: str | None = None
    image_mode: ImageMode | None = None
    clip: bool = False
    drop_empty: bool = False
    follow_links: bool = False
    force: bool = False
    engine: str = "local"
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)
    workers: int | None = 1
    cache: str | None = None


class Report(Shown, msgspec.Struct, kw_only=True, dict=True):
    """The result of a conversion; written by ``--report`` as JSON.

    Attributes:
        source, out: as given.
        files: what was written, relative to `out`'s folder.
        classes: names in the order of their ids.
        images: split -> number of images.
        instances: split -> class -> number of instances.
        empty_images: number of images written without annotations.
        shapes: number of shapes written.
        lost: code -> number of shapes that were lost because of it.
        findings: in the order they were found; see `dataforge.findings.Gathered`.
    """

    source: str
    out: str
    files: list[str] = []
    classes: list[str] = []
    images: dict[str, int] = {}
    instances: dict[str, dict[str, int]] = {}
    empty_images: int = 0
    shapes: int = 0
    lost: dict[str, int] = {}
    findings: list[Finding] = []

    def title(self) -> str:
        images = plural(sum(self.images.values()), "image")
        objects = plural(sum(sum(one.values()) for one in self.instances.values()), "object")
        what = f"{images}, {objects}, {plural(len(self.classes), 'class')}"
        return f"{self.out}: {what}; {summed_up(self.findings)}"

    def table(self) -> Table:
        return class_table(self.classes, self.images, self.instances)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)

    def __post_init__(self) -> None:
        self._gathered = Gathered(fold=True)
        self._gathered.add(self.findings)
        self.findings = self._gathered.findings

    def take(self, finding: Finding) -> None:
        """Add a finding and count what is lost."""
        self._gathered.take(in_utf8(finding))
        if finding.lost:
            self.lost[finding.code] = self.lost.get(finding.code, 0) + finding.lost

    def add(self, findings: Iterable[Finding]) -> None:
        """Add findings and count what is lost."""
        for finding in findings:
            self.take(finding)

    def leave_out(self, left_out: Mapping[str, Mapping[str, int]]) -> None:
        """Take off the instances that a writer has left out: split -> class -> number."""
        for split, classes in left_out.items():
            for name, number in classes.items():
                self.instances[split][name] -= number

    def add_unwritten(self, findings: Iterable[Finding]) -> None:
        """Add the findings of a writer, after all shapes have been counted."""
        before = sum(self.lost.values())
        self.add(findings)
        self.shapes -= sum(self.lost.values()) - before


def save_report(report: Report, path: Path) -> None:
    """Write the report as JSON."""
    write_report(path, report)
