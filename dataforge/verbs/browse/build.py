"""Building a page: the check of the dataset, thumbnails of its shards, and an index.

checked ─► findings ──┐
    └───► shards ─────┴─► map: thumbnails, chunks ─► rows ─► index
                                 └─► objects ─► charts
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from dataforge.checks import CONFIG
from dataforge.classes import final_header
from dataforge.codes import find_code
from dataforge.datasets import Progress
from dataforge.engines import Engine, get_engine
from dataforge.errors import OutputError, UsageError, one_line, plural
from dataforge.findings import Finding, Severity
from dataforge.io import Root, staged
from dataforge.pages import refuse_foreign, write_script
from dataforge.reports import Shown, Table
from dataforge.verbs.browse.charts import EDGES, Charts
from dataforge.verbs.browse.compare import pairs
from dataforge.verbs.browse.located import by_file
from dataforge.verbs.browse.page import copy_page
from dataforge.verbs.browse.predicted import Predicted, predicted
from dataforge.verbs.browse.shards import SEVERITIES, DrawShard, Row, Task
from dataforge.verbs.browse.trained import Trained, as_trained
from dataforge.verbs.check import Checked, CheckOptions, CheckReport, checked, is_config

MOST = 200
"""Images of a training set that are shown by default."""


class BrowseOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page shows.

    Attributes:
        check: how the dataset is read and checked, and on which engine.
        compare: another version of the dataset, shown beside it; any format.
        embed: put scaled copies of the images into the page, so that it can be moved; else it
            shows the images where they are.
        force: overwrite an earlier page.
        most: images of each training set that a training config shows; the first ones.
        results: file of COCO results that is shown over the objects.
        ground_truth: COCO file that the results are of; None for one of the dataset.
    """

    check: CheckOptions = CheckOptions()
    compare: str | None = None
    embed: bool = False
    force: bool = False
    most: int = MOST
    results: str | None = None
    ground_truth: str | None = None


class BrowseReport(Shown, msgspec.Struct, kw_only=True):
    """What a page shows. As JSON, this is the output of ``browse --json``; keys are only added.

    Attributes:
        page: path of the HTML file.
        path: of the dataset, as given.
        format: that was read; ``config`` for a training config.
        images: number of images.
        objects: number of their objects.
        classes: names in the order of their labels.
        without_picture: number of images that cannot be shown.
        counts: code -> severity -> number, as in the report of a check.
        compared: the same of the other dataset; None if there is none.
        differing: number of images in which objects differ between the two.
        predictions: number of predictions that are shown.
        notes: predictions that are not shown, and why.
    """

    page: str
    path: str
    format: str
    images: int
    objects: int
    classes: list[str]
    without_picture: int
    counts: dict[str, dict[Severity, int]]
    compared: BrowseReport | None = None
    differing: int = 0
    predictions: int = 0
    notes: list[str] = []

    def title(self) -> str:
        what = f"{plural(self.images, 'image')}, {plural(self.objects, 'object')}"
        return f"{self.page}: {what}, {plural(len(self.classes), 'class')}"

    def table(self) -> Table:
        rows = [
            [name, severity, number]
            for name, counts in self.counts.items()
            for severity, number in counts.items()
        ]
        return Table(["code", "severity", "count"], rows)

    @property
    def failed(self) -> bool:
        """Whether any finding on the dataset is an error."""
        return any(counts.get("error") for counts in self.counts.values())


def browse(
    path: str | os.PathLike[str],
    out: str | os.PathLike[str],
    options: BrowseOptions | None = None,
    progress: Progress | None = None,
) -> BrowseReport:
    """Make a page that shows a dataset, and opens from disk.

    Args:
        path: a folder, local or an fsspec URL, an annotation file, or a training config, which
            shows the images as they are trained on.
        out: folder to write ``index.html`` and a folder ``browse`` to.
        options: what it shows.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: an option does not apply to the format.
        InputError: the folder does not exist, or nothing in it can be read; or a config does not
            load.
        MissingDependencyError: the framework of a config is not installed.
        LayoutError: the layout cannot be inferred.
        OutputError: a page exists and is not to be overwritten, or cannot be written.
    """
    path, out, options = os.fspath(path), Path(out), options or BrowseOptions()
    _refuse(path, out, options)
    replaced = [out / "index.html", out / "browse"]
    engine = get_engine(options.check.engine, options.check.workers, options.check.engine_options)
    with staged(out, replaced, force=options.force, shared=engine.remote) as stage:
        copy_page(stage)
        home = stage / "browse"
        sides = [_Side(path, "a", options)]
        if options.compare is not None:
            check = msgspec.structs.replace(
                options.check, reads=None, read_options={}, layout=None, settings=None
            )
            other = msgspec.structs.replace(options, check=check)
            sides.append(_Side(options.compare, "b", other))
        for side in sides:
            side.make(out, home, engine, progress)
        index: dict[str, Any] = {"version": 1, "sides": [side.index for side in sides]}
        report = sides[0].report(out)
        if len(sides) > 1:
            index["pairs"] = pairs(sides[0].rows, sides[1].rows)
            report.compared = sides[1].report(out)
            report.differing = sum(bool(one or other) for *_, one, other in index["pairs"])
        write_script(home / "data" / "index.js", "index", index)
    return report


def _refuse(path: str, out: Path, options: BrowseOptions) -> None:
    """Refuse places where a page must not be.

    Raises:
        OutputError: the page would be part of the dataset, or replace what is no page.
        UsageError: options do not go together.
    """
    for given in (path, options.compare):
        if given is None or is_config(given):
            continue
        root = Root(given, follow_links=options.check.follow_links)
        home = Path(os.path.realpath(root.location))
        if not root.remote and Path(os.path.realpath(out)).is_relative_to(home):
            raise OutputError(
                f"{out}: is part of {root.location}, the dataset that is shown; name a folder "
                "outside of it with --output"
            )
    if options.results is not None and is_config(path):
        raise UsageError("--results is for a dataset; `evaluate` shows what a config's model finds")
    if options.ground_truth is not None and options.results is None:
        raise UsageError("--ground-truth names what the results of --results are of")
    if options.force:
        refuse_foreign(out / "browse")


class _Side:
    """One of the datasets of a page.

    Args:
        path: as given.
        name: ``a`` or ``b``.
        options: how it is read.

    Attributes:
        rows: of all its images.
        index: what the page knows of it.
    """

    def __init__(self, path: str, name: str, options: BrowseOptions) -> None:
        self.path = path
        self.name = name
        self.options = options
        self.rows: list[Row] = []
        self.index: dict[str, Any] = {}
        self.predicted = Predicted()

    def make(self, out: Path, home: Path, engine: Engine, progress: Progress | None) -> None:
        """Check the dataset, or what a config trains on, and draw its images."""
        # A page has all findings.
        check = msgspec.structs.replace(self.options.check, max_findings=0)
        if not is_config(self.path):
            self._make(out, home, engine, progress, check)
            return
        with as_trained(Path(self.path), self.options.most) as trained:
            check = msgspec.structs.replace(check, reads="coco", read_options={}, layout=None)
            self.options = msgspec.structs.replace(self.options, embed=True)
            self._make(out, home, engine, progress, check, trained)
            self.index["how"] = [*map(one_line, trained.how), *self.index["how"]]

    def _make(
        self,
        out: Path,
        home: Path,
        engine: Engine,
        progress: Progress | None,
        check: CheckOptions,
        trained: Trained | None = None,
    ) -> None:
        path = trained.folder if trained else self.path
        with checked(path, check, progress, keep_images=True) as found:
            findings = found.report.findings
            codes = {name: number for number, name in enumerate(found.report.counts)}
            shown = Predicted()
            if self.options.results is not None and self.name == "a":
                shown = predicted(
                    found.source.root,
                    found.survey.images,
                    self.options.results,
                    self.options.ground_truth,
                )
            self.predicted = shown
            names, classes = _class_numbers(found, shown.classes)
            work = DrawShard(
                found.source.image_root,
                partial(found.source.reader.extracted_image, found.source.root),
                home,
                self.name,
                by_file(findings),
                codes,
                classes,
                len(found.classes.names),
                copies=self.options.embed,
                boxes=self.options.compare is not None,
                predicted=shown,
            )
            chunks: list[tuple[str, int]] = []
            on_images: set[int] = set()
            charts = Charts()
            total = len(found.survey.images)
            with engine.mapped(work, _tasks(found)) as shards:
                for drawn in shards:
                    for name, rows in drawn.rows:
                        chunks.append((name, len(self.rows)))
                        self.rows += rows
                    on_images.update(drawn.located)
                    charts.take(drawn.objects)
                    if progress is not None:
                        progress(len(self.rows), total, "drawing")
            elsewhere = [one for at, one in enumerate(findings) if at not in on_images]
            self.checked = found.report
            charts.write(home, self.name, self.path, found, found.report.format)
            self.index = {
                "title": _title(self.path),
                "path": one_line(self.path),
                "format": CONFIG if trained else found.report.format,
                "how": [*map(one_line, (*found.report.how, *shown.notes))],
                "predictions": shown.number,
                "images": "" if trained else _base(found.source.image_root, out),
                "classes": names,
                "keypoints": _keypoints(found),
                "codes": [*_codes(found.report)],
                "findings": [*map(_finding, elsewhere, (codes[one.code] for one in elsewhere))],
                "chunks": chunks,
                "edges": EDGES,
                **_columns(self.rows),
            }

    def report(self, out: Path) -> BrowseReport:
        """What was made."""
        return BrowseReport(
            page=str(out / "index.html"),
            path=self.path,
            format=self.index["format"],
            images=len(self.rows),
            objects=sum(sum(row.counts[1::2]) for row in self.rows),
            classes=self.index["classes"],
            without_picture=sum(not row.shown for row in self.rows),
            counts=self.checked.counts,
            predictions=self.predicted.number,
            notes=self.predicted.notes,
        )


def _class_numbers(found: Checked, predicted: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """The names of the classes, then of labels that are none; label as written -> its number.

    Those that are predicted have their names among them.
    """
    classes = found.classes
    names = dict.fromkeys([*classes.names, *classes.left_out, *predicted])
    numbers = {name: number for number, name in enumerate(names)}
    labels = {
        label: numbers[label.strip() if name is None else name]
        for label, name in classes.by_label.items()
        if (label.strip() if name is None else name) in numbers
    }
    return [*names], {name: numbers[name] for name in predicted} | labels


def _keypoints(found: Checked) -> dict[int, list[Any]]:
    """Number of a class -> [names of its keypoints, skeleton], of those that have any."""
    header, _ = final_header(found.survey.header, found.classes)
    return {
        number: [category.keypoints, category.skeleton]
        for number, category in enumerate(header.categories)
        if category.keypoints or category.skeleton
    }


def _tasks(found: Checked) -> Iterator[Task]:
    """The shards; an image that several splits list is drawn once."""
    splits: dict[tuple[str, str], list[str]] = {}
    for seen in found.survey.images:
        splits.setdefault((seen.file_name, str(seen.place)), []).extend(
            [seen.split] if seen.split else []
        )
    for number, shard in enumerate(found.survey.shards):
        own = [
            None if seen is None else splits.pop((seen.file_name, str(seen.place)), None)
            for seen in shard.seen
        ]
        if any(one is not None for one in own):
            yield Task(number, found.survey.spool.get(shard.images), own)


def _columns(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows, a list for each column: a third smaller, and quicker to parse."""
    splits = dict.fromkeys(split for row in rows for split in row.splits)
    numbers = {split: number for number, split in enumerate(splits)}
    return {
        "splits": [*splits],
        "name": [row.name for row in rows],
        "width": [row.size[0] for row in rows],
        "height": [row.size[1] for row in rows],
        "split": [[numbers[split] for split in row.splits] for row in rows],
        "counts": [row.counts for row in rows],
        "sizes": [row.sizes for row in rows],
        "code": [row.codes for row in rows],
        "shown": [row.shown for row in rows],
        "sides": [row.sides for row in rows],
        "ratios": [row.ratios for row in rows],
        "cells": [row.cells for row in rows],
    }


def _codes(report: CheckReport) -> Iterator[dict[str, Any]]:
    """What the page says of each code."""
    for name, counts in report.counts.items():
        page = find_code(name).page
        what = re.search(r"## What\n+(.*?)(?=\n## |\Z)", page.body, re.DOTALL)
        yield {
            "name": name,
            "title": page.title,
            "what": " ".join(what[1].split()) if what else "",
            "severity": next(at for at, one in enumerate(SEVERITIES) if counts.get(one)),
            "count": sum(counts.values()),
        }


def _finding(finding: Finding, code: int) -> list[Any]:
    """A finding on no image, as those in chunks are."""
    severity = SEVERITIES.index(finding.severity)
    return [code, severity, finding.said, finding.remedy, str(finding.place), -1]


def _title(path: str) -> str:
    """What a dataset is called."""
    return one_line(os.path.basename(path if "://" in path else os.path.abspath(path)) or path)


def _base(images: Root, out: Path) -> str:
    """The relative address of the images, from the page; empty if they are remote."""
    if images.remote:
        return ""
    path = os.path.relpath(os.path.realpath(images.location), os.path.realpath(out))
    return quote(os.fsencode(path.replace(os.sep, "/"))) + "/"
