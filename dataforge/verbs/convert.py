"""Converts from one format to another: survey, resolve classes, split, write.

    survey ─► classes ─► splits ─► numbers ─► write each shard ─► join ─► put in place
        └──► findings ─► report ◄── losses ──────────┘

No shape is lost without a finding: in the end, shapes read = shapes written + shapes that findings
count as lost.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec

from dataforge.checks import Said
from dataforge.classes import Classes, final_header
from dataforge.codes import code
from dataforge.datasets import (
    CachedWrite,
    Clipped,
    FormatFound,
    Measurable,
    Pieces,
    Placing,
    Progress,
    Seen,
    Source,
    Survey,
    WriteShard,
    WriteTask,
    done_again,
    hidden_names,
    in_two_splits,
    not_read,
    passed_over,
    seldom_collected,
    survey,
    verifying,
    writing_with,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, UsageError, plural
from dataforge.findings import MOST_REASONS, Finding, Place, as_reasons
from dataforge.formats import (
    Context,
    Texts,
    WritePlan,
    Writer,
    Written,
    get_format,
)
from dataforge.io import (
    Kept,
    Root,
    convert_options,
    is_image,
    is_url,
    published,
    refuse_planted,
    refuse_unreachable,
    staged,
    without_file_scheme,
)
from dataforge.jobs import Job, Report, save_report
from dataforge.splits import Rule, check_split_names, load_rule, not_in_manifest, split_names

__all__ = ["SINGLE_SPLIT", "Job", "Report", "convert", "save_report", "writer_of"]

SINGLE_SPLIT = "all"
"""Name of the split if there is only one."""


def convert(
    job: Job,
    progress: Progress | None = None,
    root: Root | None = None,
    others: Iterable[FormatFound] = (),
    kept: Kept | None = None,
) -> Report:
    """Run one conversion.

    Args:
        job: what to convert, and how.
        progress: see `dataforge.datasets.Progress`.
        root: of `job.source`, if something was read from it before.
        others: the formats in it of which that of the job was chosen.
        kept: the output as conversions before this one have left it; nothing else is overwritten.

    Returns:
        The report; `Report.failed` says whether there are errors.

    Raises:
        UsageError: an option does not apply to the format, or is invalid.
        InputError: the folder does not exist, or nothing in it can be converted.
        OutputError: a target exists and `job.force` is not set, or it cannot be written.
    """
    job = msgspec.structs.replace(job, out=without_file_scheme(job.out))
    writer = writer_of(job.writes)
    refuse_unreachable(job.out)
    rule = load_rule(job.split, job.seed, job.stratify, job.group_by)
    how = verifying(job.reads, verify=False) | job.read_options
    place = root or job.source
    source = Source(place, job.reads, how, job.layout, follow_links=job.follow_links)
    # It compares the sizes of all images instead of the reader, unless that is asked to, or not to.
    said = Said(source, sizes="verify_images" not in job.read_options, clipped=job.clip)
    if not (source.root.remote or is_url(job.out)):
        refuse_planted(Path(job.out), source.root.path)
    target = _Target(job, writer, source, kept)
    resolver = target.rules.resolver()
    report = Report(source=job.source, out=job.out)
    report.add(source.findings)
    with survey(
        source,
        Context(resolver=resolver),
        target.engine,
        report=report.take,
        steps=[Measurable(), said, *([Clipped()] if job.clip else [])],
        keep=True,
        outlines=target.outlines,
        own_splits=rule is None,
        progress=progress,
        cache=target.cache,
    ) as found:
        classes = found.settled(resolver)
        report.add(classes.findings())
        report.classes = [*classes.names]
        output = _shared_out(found, classes, rule, job, report)
        if not output.names or not classes.names:
            _refuse_nothing(output, source, job, report)
        report.add(said.finish(found, classes) if source.format.names_classes else ())
        report.add([*passed_over(others), *not_read(source.root, found.images, report.findings)])
        check_split_names(output.names)
        report.add(output.one_of_each_key(writer))
        splits = output.images()
        report.add(hidden_names(splits, writer))
        _count(splits, classes, report)
        target.write(found, output, splits, report, progress)
    return report


class _Target:
    """How and where a conversion writes; invalid options are refused before anything is read."""

    def __init__(
        self, job: Job, writer: Writer[Any], source: Source, kept: Kept | None = None
    ) -> None:
        self.kept = kept
        self.out = job.out
        self.force = job.force
        self.source = source
        self.writer = writer
        where = f"where {job.writes} is written"
        self.options = convert_options(writer.Options, job.write_options, where)
        self.placing = Placing(job.image_mode, job.out, writer, source)
        self.engine = get_engine(job.engine, job.workers, job.engine_options)
        self.rules = job.rules().over(source.rules)
        self.outlines = writer.outlines(self.options)
        how = self.rules, job.clip, [*job.read_options], self.outlines
        self.cache = source.cache(job.cache, "convert", *how)
        self.writes = job.writes

    def write(
        self,
        found: Survey,
        output: _Output,
        splits: dict[str, list[Seen]],
        report: Report,
        progress: Progress | None,
    ) -> None:
        """Write the annotation files and place the images, all or nothing."""
        with (
            seldom_collected(),
            published(
                self.out,
                lambda path: self.writer.targets(path, output.names),
                self.placing.remote_inputs(found.images),
                progress,
                self.kept,
            ) as draft,
            staged(
                draft.path,
                draft.replaced,
                force=self.force,
                inputs=self.placing.inputs(found.images),
                shared=self.engine.remote,
                kept=None if is_url(self.out) else self.kept,
            ) as stage,
        ):
            report.add(self.placing.place(splits, stage, draft.path, progress))
            header, differing = final_header(found.header, output.classes)
            report.add(differing)
            plan = WritePlan(
                stage=stage,
                out=draft.path.name,
                header=header,
                splits=tuple(output.names),
                image_folder=self.placing.left_at(self.out),
            )
            writing = self.writer.open(plan, self.options)
            task = WriteShard(writing, output.classes, stage.parent, self.outlines)
            with ExitStack() as stack:
                work: Callable[[Any], Written] = task
                tasks: Iterable[Any] = output.tasks(remote=self.engine.remote)
                if numbered := self.cache is not None and self.writer.shares_files:
                    how = [self.writes, self.options, msgspec.structs.replace(plan, stage=Path())]
                    work, tasks = CachedWrite(task, self.cache, how), enumerate(tasks)
                engine = writing_with(self.engine, progress, numbered=numbered)
                total = sum(map(len, splits.values()))
                results = engine.mapped(work, tasks, "writing", lambda: total)
                written = stack.enter_context(results)
                pieces = Pieces(stack)
                report.add_unwritten(pieces.joined(writing, written, progress))
                report.leave_out(pieces.left_out)
            report.add(done_again(self.engine, self.source))
            report.add(self.placing.left_over(splits, stage, draft.path, self.kept))
            report.files = _files(stage)


def writer_of(name: str) -> Writer[Any]:
    """The writer of a format.

    Raises:
        UsageError: there is no such format, or it cannot be written.
    """
    writer = get_format(name).writer
    if writer is None:
        raise UsageError(f"{name} can be read, but not written")
    return writer


# Which image goes where ---------------------------------------------------------------------------


class _Output:
    """The split of each image.

    Attributes:
        names: of the splits, in order.
        sides: `Seen.key` -> split; None if the source's own splits are kept.
    """

    def __init__(self, found: Survey, classes: Classes, drop_empty: bool) -> None:
        self.found = found
        self.classes = classes
        self.names: list[str] = []
        self.sides: Mapping[str, str] | None = None
        empty = (seen for seen in found.images if drop_empty and not self.number_in(seen))
        self._skipped = {seen.key for seen in empty}

    def side(self, seen: Seen) -> str:
        """The split of an image; empty if it is skipped."""
        if self._skipped and seen.key in self._skipped:
            return ""
        if self.sides is None:
            return seen.split or SINGLE_SPLIT
        return self.sides.get(seen.key, "")

    def number_in(self, seen: Seen) -> int:
        """Number of instances in an image that have a class."""
        of = self.classes.of
        return sum(n.instances for label, n in seen.labels.items() if of(label) is not None)

    def counts(self, seen: Seen) -> Counter[str]:
        """Class -> number of instances in an image."""
        return self.classes.counts(seen.instances)

    def images(self) -> dict[str, list[Seen]]:
        """Split -> its images."""
        found: dict[str, list[Seen]] = {name: [] for name in self.names}
        for seen in self.found.images:
            if side := self.side(seen):
                found[side].append(seen)
        return found

    def one_of_each_key(self, writer: Writer[Any]) -> Iterator[Finding]:
        """Skip images whose names the output format cannot tell apart."""
        images = self.found.images
        if all(writer.key(seen.file_name) == seen.file_name for seen in images):
            return  # each name occurs once in a split
        first: dict[str, dict[str, str]] = {name: {} for name in self.names}
        for seen in images:
            side = self.side(seen)
            if not side:
                continue
            owner = first[side].setdefault(writer.key(seen.file_name), seen.file_name)
            if owner != seen.file_name:
                self._skipped.add(seen.key)
                lost = _shapes(seen, self.classes)
                yield code("name-collision").at(
                    Place(seen.file_name),
                    f"the output format cannot tell it apart from {owner}, which differs only in "
                    f"its extension: {plural(lost, 'shape')} not converted",
                    "rename one of the two images",
                    lost=lost,
                    severity="error",
                )

    def tasks(self, *, remote: bool) -> Iterator[WriteTask]:
        """For each shard, what is written, here or perhaps on other machines."""
        spool = self.found.spool
        images = dict.fromkeys(self.names, 0)
        instances = dict.fromkeys(self.names, 0)
        for shard in self.found.shards:
            numbered: list[tuple[str, int, int] | None] = []
            for seen in shard.seen:
                side = self.side(seen) if seen is not None else ""
                if seen is None or not side:
                    numbered.append(None)
                    continue
                images[side] += 1
                numbered.append((side, images[side], instances[side] + 1))
                instances[side] += self.number_in(seen)
            yield (spool.get if remote else spool.later)(shard.images), numbered


def _shared_out(
    found: Survey, classes: Classes, rule: Rule | None, job: Job, report: Report
) -> _Output:
    """The splits: those of a rule, if there is one, else the source's own."""
    output = _Output(found, classes, job.drop_empty)
    kept = [seen for seen in found.images if output.side(seen)]
    if rule is None or not kept:
        output.names = list(dict.fromkeys(map(output.side, kept)))
        if len(output.names) > 1:
            images = output.images()
            names = {name: {seen.file_name for seen in images[name]} for name in output.names}
            report.add(in_two_splits(names))
        return output
    labels = {seen.key: output.counts(seen) if rule.stratify else {} for seen in kept}
    sides = rule.assign(labels)
    if missing := labels.keys() - sides.keys():
        lost = sum(_shapes(seen, classes) for seen in kept if seen.key in missing)
        report.add([not_in_manifest(missing, lost, job.split)])
    output.sides = sides
    output.names = split_names(rule, sides)
    return output


def _shapes(seen: Seen, classes: Classes) -> int:
    """Number of shapes in an image that have a class."""
    return sum(n.shapes for label, n in seen.labels.items() if classes.of(label) is not None)


def _count(splits: dict[str, list[Seen]], classes: Classes, report: Report) -> None:
    for name, images in splits.items():
        counts: Counter[str] = Counter()
        for seen in images:
            own = classes.counts(seen.instances)
            report.empty_images += not own
            counts.update(own)
            report.shapes += _shapes(seen, classes)
        report.images[name] = len(images)
        report.instances[name] = {label: counts[label] for label in classes.names}


def _refuse_nothing(output: _Output, source: Source, job: Job, report: Report) -> None:
    """Refuse to write nothing; images without objects may be all that a folder holds.

    Raises:
        InputError: no image is left, or there are no objects because of another format.
    """
    if output.names and not source.format.names_classes:
        return
    foreign = Texts(source.root).foreign
    if output.names and not foreign:
        return
    other = f", but it contains {foreign[0]}" if foreign else ""
    findings = [finding for finding in report.findings if finding.severity != "warning"]
    findings.sort(key=lambda finding: finding.severity)
    left = len(findings) - MOST_REASONS
    more = f"\n  and {left} more" if left > 0 else ""
    nothing = f"{job.source}: nothing can be converted from {job.reads}{other}"
    raise InputError(nothing + as_reasons(findings) + more)


# Writing ------------------------------------------------------------------------------------------


def _files(stage: Path) -> list[str]:
    """The files that were written, without images, relative to the output folder."""
    if stage.is_file():
        return [stage.name]
    found: list[str] = []
    folders = [""]
    for folder in folders:  # grows
        with os.scandir(stage / folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{folder}{entry.name}/")
                elif not is_image(entry.name) and entry.is_file():
                    found.append(f"{folder}{entry.name}")
    return sorted(found)
