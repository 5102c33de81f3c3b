"""A dataset in numbers.

survey ─► objects as numbers ─► sums ─► report ─► advice
"""

from __future__ import annotations

import os
from typing import Any

import msgspec

from dataforge.datasets import (
    KeepingRoot,
    Measurable,
    Progress,
    Source,
    guess_formats,
    passed_over,
    survey,
    verifying,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, UsageError
from dataforge.findings import Gathered, as_reasons
from dataforge.formats import Context
from dataforge.verbs.stats.collect import Objects, Sums
from dataforge.verbs.stats.reduce import reduced
from dataforge.verbs.stats.report import Stats


class StatsOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to read.

    Attributes:
        reads: format; None for that of most of the annotation files.
        read_options: fields of the reader's `Options`.
        layout: of a VOC-like source, see `dataforge.datasets.find_layout`.
        follow_links: also read what links out of the folder lead to.
        engine: where the work runs, see `dataforge.engines`.
        engine_options: fields of the engine's `Options`.
        workers: processes, 0 for one per core; the report is the same.
    """

    reads: str | None = None
    read_options: dict[str, Any] = msgspec.field(default_factory=dict)
    layout: str | None = None
    follow_links: bool = False
    engine: str = "local"
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)
    workers: int = 1


def stats(
    path: str | os.PathLike[str],
    options: StatsOptions | None = None,
    progress: Progress | None = None,
) -> Stats:
    """Count and measure a dataset.

    Args:
        path: a folder, local or an fsspec URL, or an annotation file.
        options: how to read.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        UsageError: an option does not apply to the format, or the path is that of a config.
        InputError: the folder does not exist, or nothing in it can be read.
        LayoutError: the layout cannot be inferred.
    """
    path, options = os.fspath(path), options or StatsOptions()
    if path.lower().endswith(".py") and os.path.isfile(path):
        raise UsageError(
            f"{path}: is a training config; name the dataset that it trains on, or use "
            "`dataforge describe` for its model"
        )
    root = KeepingRoot(path, follow_links=options.follow_links)
    format_, others, _ = (options.reads, [], []) if options.reads else guess_formats(root)
    given = verifying(format_, verify=False) | options.read_options
    source = Source(root, format_, given, options.layout)
    resolver = msgspec.structs.replace(source.rules, unknown="add").resolver()
    gathered, sums = Gathered(fold=True), Sums()
    gathered.add(source.findings)
    with survey(
        source,
        Context(resolver=resolver),
        get_engine(options.engine, options.workers, options.engine_options),
        report=gathered.take,
        steps=[Measurable(), Objects(resolver)],
        progress=progress,
        take=sums.take,
    ) as found:
        if not found.images:
            reasons = as_reasons(gathered.findings)
            raise InputError(f"{path}: no images can be read as {format_}{reasons}")
        report = reduced(path, found.images, sums, found.settled(resolver), format_)
    report.root = root.location
    gathered.add(passed_over(others))
    report.findings = [
        one
        for one in gathered.findings
        if one.code not in _ASIDE or (one.severity == "error" and one.lost)
    ]
    return report


_ASIDE = ("coords", "image-folder", "image-missing", "layout")
"""Codes of notes that say how a dataset is read, and of images that need not be there."""
