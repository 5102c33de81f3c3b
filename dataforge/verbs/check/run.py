"""A linter for detection datasets: finds what will spoil a training.

    survey ─► Finding ───────────────────────────────► selection ─► report
        └───► checks: image ─► facts ─► checks: finish ──┘

One pass over the dataset, in the order of its files; `dataforge.checks` contains the checks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from dataforge.checks import (
    CONFIG,
    ConfigFile,
    DatasetInfo,
    Facts,
    Running,
    Whole,
    start,
)
from dataforge.classes import Classes, ClassRules
from dataforge.datasets import (
    KeepingRoot,
    Measurable,
    Progress,
    Source,
    Survey,
    guess_formats,
    survey,
    verifying,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, plural
from dataforge.findings import Finding, as_reasons
from dataforge.formats import COCO_RESULTS, Context, Texts
from dataforge.frameworks import config_signs, get_framework
from dataforge.mmconfig import Config
from dataforge.verbs.check.collecting import Applied, Found
from dataforge.verbs.check.report import CheckOptions, CheckReport
from dataforge.verbs.evaluate import results_in


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
    settings = Applied(None if root.remote else root.path, options)
    texts = None if options.reads else Texts(root)
    format_, others, foreign = (
        (options.reads, [], []) if options.reads else guess_formats(root, texts)
    )
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
    if texts and len(rest) < len(foreign):
        report.how += [f"not checked: {one}" for one in results_in(root, texts)]
    report.how += settings.how
    has_editor = source.format.editor is not None
    found = Found(report, settings, options, fixes=has_editor, keep_edits=keep_text)
    found.add(source.findings)
    with _pass(source, options, found, progress, keep_text, keep_images) as (surveyed, classes):
        yield Checked(source, found.done(), found.fixable, surveyed, classes)


def _check_config(path: str, options: CheckOptions) -> CheckReport:
    folder = Path(path).parent
    report = CheckReport(path=path, root=str(folder), format=CONFIG)
    settings = Applied(folder, options, data=False)
    found = Found(report, settings, options)
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


@contextmanager
def _pass(
    source: Source,
    options: CheckOptions,
    found: Found,
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
