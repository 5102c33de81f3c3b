"""Assigns images to splits: decided once, stored in a manifest, and kept as the dataset grows.

images ─► groups ─► assigned by the ratios ─► manifest ─► the same splits next time
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.checks import Said
from dataforge.codes import code
from dataforge.datasets import (
    KeepingRoot,
    Measurable,
    Progress,
    Source,
    guess_formats,
    not_read,
    passed_over,
    survey,
    verifying,
)
from dataforge.engines import get_engine
from dataforge.errors import InputError, UsageError, plural
from dataforge.findings import Finding, Gathered, Place, any_error, as_reasons
from dataforge.formats import Context
from dataforge.io import NamedFile
from dataforge.reports import Shown, Table, summed_up
from dataforge.splits import (
    ClassCounts,
    Manifest,
    Rule,
    grouping,
    load_manifest,
    parse_ratios,
    save_manifest,
)

_NEAR = 0.02
"""Difference from a ratio up to which a split is what was asked for."""


class SplitJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to split, and how; None means as in the existing manifest.

    Attributes:
        source: folder to read, local or an fsspec URL.
        out: the manifest, .json or .toml.
        reads: format of the source; None for that of most of the annotation files.
        layout: of a VOC-like source, see `dataforge.datasets.find_layout`.
        ratios: see `dataforge.splits.parse_ratios`.
        seed, group_by, stratify: see `Rule`.
        follow_links: also read what links out of the source lead to.
        engine, workers, engine_options: see `dataforge.engines.get_engine`.
    """

    source: str
    out: str = "splits.json"
    reads: str | None = None
    layout: str | None = None
    ratios: str | None = None
    seed: int | None = None
    group_by: str | None = None
    stratify: bool | None = None
    follow_links: bool = False
    engine: str = "local"
    workers: int | None = 1
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)


class SplitReport(Shown, msgspec.Struct, kw_only=True):
    """What `make` did.

    Attributes:
        manifest: as written.
        format: of the source.
        kept: number of images that already had a split.
        new: number of images that were assigned one.
        images: split -> number of images that exist.
        written: whether there was anything to write.
        findings: of reading and splitting.
    """

    manifest: Manifest
    format: str
    kept: int
    new: int
    images: dict[str, int]
    written: bool
    findings: list[Finding]

    def title(self) -> str:
        splits = ", ".join(f"{name} {number:,}" for name, number in self.images.items())
        return f"{splits}; {plural(self.new, 'new image')}; {summed_up(self.findings)}"

    def table(self) -> Table:
        return Table(["split", "images"], [*self.images.items()])

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)


def make(job: SplitJob, progress: Progress | None = None) -> SplitReport:
    """Write a manifest, or add to one: an image that is in it never changes its split.

    Raises:
        UsageError: a value is invalid, no ratios are given, or there are too few images.
        InputError: the folder does not exist or has no images, or OUT exists and is not a manifest.
        OutputError: OUT cannot be written.
    """
    out = Path(job.out)
    if out.suffix.lower() not in (".json", ".toml"):
        raise UsageError(f"--output {out}: expected a .json or .toml file")
    file = NamedFile(out, force=True)
    old = load_manifest(out) if out.exists() else None
    rule, findings = _rule(job, old)
    images, format_, found = _read(job, progress)
    kept = old.images if old else {}
    sides = rule.assign(images, kept)
    findings = [*found, *findings, *_group_findings(rule, images, kept), *_far(rule, sides)]
    if gone := sorted(kept.keys() - images.keys()):
        findings.append(
            code("image-gone").at(
                Place(gone[0]),
                f"{plural(len(gone), 'image')} of {out} not in {job.source} (this is the "
                "first): kept in the manifest",
            )
        )
    here = Counter(sides.values())
    manifest = Manifest(
        ratios=rule.ratios,
        seed=rule.seed,
        group_by=rule.group_by,
        stratify=rule.stratify,
        counts=_class_counts(images, sides, split_order(rule, here)),
        images={**kept, **sides},
    )
    if manifest != old:
        save_manifest(manifest, file)
    return SplitReport(
        manifest=manifest,
        format=format_,
        kept=len(images.keys() & kept.keys()),
        new=len(images.keys() - kept.keys()),
        images={split: here[split] for split in manifest.counts},
        written=manifest != old,
        findings=findings,
    )


def split_order(rule: Rule, used: Iterable[str]) -> list[str]:
    """The splits of the ratios, then others, sorted."""
    return [*rule.ratios, *sorted(set(used) - rule.ratios.keys())]


def _rule(job: SplitJob, old: Manifest | None) -> tuple[Rule, list[Finding]]:
    """The rule for new images, and a finding if it differs from the manifest's."""
    if job.ratios is None and not (old and old.ratios):
        raise UsageError("a new manifest requires --split, such as 80,20 or train=80,val=20")
    asked: dict[str, Any] = {
        "ratios": parse_ratios(job.ratios, "--split") if job.ratios else None,
        "seed": job.seed,
        "group_by": job.group_by,
        "stratify": job.stratify,
    }
    asked = {name: value for name, value in asked.items() if value is not None}
    known = {name: getattr(old, name) for name in Rule.__struct_fields__} if old else {}
    rule = Rule(**(known | asked))
    grouping(rule.group_by)
    changed = [name for name in known if known[name] != getattr(rule, name)]
    if not changed:
        return rule, []
    was = ", ".join(f"{name.replace('_', '-')} was {known[name]!r}" for name in changed)
    finding = code("rule-changed").at(
        Place(job.out),
        f"{was}: the new settings apply only to new images",
        "to split all images again, delete the manifest",
    )
    return rule, [finding]


def _read(job: SplitJob, progress: Progress | None) -> tuple[ClassCounts, str, list[Finding]]:
    """(image -> class -> number of instances, format, findings of reading)."""
    root = KeepingRoot(job.source, follow_links=job.follow_links)
    format_, others, _ = (job.reads, [], []) if job.reads else guess_formats(root)
    source = Source(root, format_, verifying(format_, verify=False), job.layout)
    resolver = source.rules.resolver()
    said = Said(source, sizes=True)
    gathered = Gathered(fold=True)
    gathered.add(source.findings)
    with survey(
        source,
        Context(resolver=resolver),
        get_engine(job.engine, job.workers, job.engine_options),
        report=gathered.take,
        steps=[Measurable(), said],
        own_splits=False,
        progress=progress,
    ) as found:
        classes = found.settled(resolver)
    if not found.images:
        reasons = as_reasons(gathered.findings)
        raise InputError(f"{job.source}: no images can be read as {format_}{reasons}")
    if source.format.names_classes:
        gathered.add(said.finish(found, classes))
    gathered.add([*passed_over(others), *not_read(root, found.images, gathered.findings)])
    images = {seen.file_name: classes.counts(seen.instances) for seen in found.images}
    return images, format_, [*gathered.findings, *classes.findings()]


def _group_findings(rule: Rule, images: Iterable[str], kept: Mapping[str, str]) -> list[Finding]:
    """Findings on names without a group, and groups that the existing manifest divides."""
    if rule.group_by is None:
        return []
    group = grouping(rule.group_by)
    findings = []
    if alone := sorted(name for name in images if group(name) is None):
        findings.append(
            code("without-group").at(
                Place(alone[0]),
                f"{plural(len(alone), 'name')} not matched by --group-by (this is the "
                "first): each is its own group",
                "change the expression if they belong to a group",
            )
        )
    sides: dict[str, set[str]] = defaultdict(set)
    for name, side in kept.items():
        group_name = group(name)
        if group_name is not None:
            sides[group_name].add(side)
    if divided := sorted(name for name, splits in sides.items() if len(splits) > 1):
        findings.append(
            code("divided-group").at(
                Place(".", divided[0]),
                f"{plural(len(divided), 'group')} in more than one split according to the existing "
                "manifest (this is the first): new images go where most of the group is",
                "to split all images again, delete the manifest",
            )
        )
    return findings


def _far(rule: Rule, sides: Mapping[str, str]) -> list[Finding]:
    """A finding if groups keep the splits from their ratios."""
    counts, total = Counter(sides.values()), len(sides)
    if rule.group_by is None or all(
        abs(counts[split] / total - ratio) <= _NEAR for split, ratio in rule.ratios.items()
    ):
        return []
    shares = ", ".join(
        f"{split} {counts[split] / total:.0%} instead of {ratio:.0%}"
        for split, ratio in rule.ratios.items()
    )
    return [
        code("ratios-not-met").at(
            Place("."),
            f"{shares}: groups are not divided",
            "use smaller groups, or accept it",
        )
    ]


def _class_counts(
    images: ClassCounts, sides: Mapping[str, str], splits: Iterable[str]
) -> dict[str, dict[str, int]]:
    """Split -> class, sorted -> number of instances."""
    counts: dict[str, Counter[str]] = {split: Counter() for split in splits}
    for name, side in sides.items():
        counts[side].update(images[name])
    classes = sorted({label for count in counts.values() for label in count})
    return {split: {label: count[label] for label in classes} for split, count in counts.items()}
