"""Which image goes to which split: decided once, written down, and kept as the data grow.

images ─► groups ─► shared out by the ratios ─► manifest ─► the same sides, next time
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dataforge.datasets import Progress, Source
from dataforge.errors import InputError, UsageError, plural
from dataforge.inspect import guess_format
from dataforge.io import Root
from dataforge.records import Finding, Header
from dataforge.splits import Labels, Manifest, Rule, grouping, load, parse_ratios, save


class SplitJob(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to split, and how; what is None is as the manifest has it that is there already.

    Attributes:
        source: folder to read, local or an fsspec URL.
        out: the manifest, .json or .toml.
        format: of the source; None finds out.
        layout: of a VOC-like source, see `dataforge.datasets.choose`.
        ratios: such as ``train=0.8,val=0.2``.
        seed, group_by, stratify: see `Rule`.
    """

    source: str
    out: str = "splits.json"
    format: str | None = None
    layout: str | None = None
    ratios: str | None = None
    seed: int | None = None
    group_by: str | None = None
    stratify: bool | None = None


class SplitReport(msgspec.Struct, kw_only=True):
    """What `make` did.

    Attributes:
        manifest: as it was written.
        format: of the source.
        kept: number of images whose side stood already.
        new: number of images that were given one.
        images: split -> number of images that are there.
        written: whether there was anything to write.
        findings: what was met on the way.
    """

    manifest: Manifest
    format: str
    kept: int
    new: int
    images: dict[str, int]
    written: bool
    findings: list[Finding]

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)


def make(job: SplitJob, progress: Progress | None = None) -> SplitReport:
    """Write a manifest, or add to one: an image that is in it never changes sides.

    Raises:
        UsageError: a value is not understood, no ratios are given, or too few images are there.
        InputError: there is no such folder, no image in it, or OUT is there and is no manifest.
        OutputError: OUT cannot be written.
    """
    out = Path(job.out)
    if out.suffix.lower() not in (".json", ".toml"):
        raise UsageError(f"--out {out}: want a .json or .toml file")
    old = load(out) if out.exists() else None
    rule, findings = _rule(job, old)
    images, format_, found = _read(job, progress)
    kept = old.images if old else {}
    sides = rule.sides(images, kept)
    findings = [*found, *findings, *_group_findings(rule, images, kept)]
    if gone := sorted(kept.keys() - images.keys()):
        findings.append(
            Finding(
                code="image-gone",
                severity="note",
                file=gone[0],
                message=f"{plural(len(gone), 'image')} of {out} not in {job.source} (this is the "
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
        save(manifest, out)
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
    """How new images are shared out, and what of the manifest's own way that changes."""
    if job.ratios is None and not (old and old.ratios):
        raise UsageError("--ratios are needed for a new manifest, such as train=0.8,val=0.2")
    asked: dict[str, Any] = {
        "ratios": parse_ratios(job.ratios, "--ratios") if job.ratios else None,
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
    finding = Finding(
        code="rule-changed",
        severity="note",
        file=job.out,
        message=f"{was}: what is asked for now holds for new images only",
        remedy="to draw all anew, remove the file",
    )
    return rule, [finding]


def _read(job: SplitJob, progress: Progress | None) -> tuple[Labels, str, list[Finding]]:
    """(image -> class -> number of instances, the format, findings of reading)."""
    root = Root(job.source)
    format_ = job.format or guess_format(root)
    source = Source(root, format_, {}, job.layout)
    classes = source.rules.class_map()
    findings = list(source.findings)
    images: dict[str, Counter[str]] = {}
    for record in source.records(classes.canonical, own_splits=False, progress=progress):
        if isinstance(record, Finding):
            findings.append(record)
        elif isinstance(record, Header):
            classes.declare(category.name for category in record.categories)
        else:
            labels = (instance.label for instance in classes.apply(record).instances)
            images[record.file_name] = Counter(labels)
    if not images:
        reasons = "".join(f"\n  {finding}" for finding in findings[:5])
        raise InputError(f"{job.source}: no image to be read as {format_}{reasons}")
    return images, format_, [*findings, *classes.findings()]


def _group_findings(rule: Rule, images: Iterable[str], kept: Mapping[str, str]) -> list[Finding]:
    """Names without a group, and groups that older assignments have divided."""
    if rule.group_by is None:
        return []
    group = grouping(rule.group_by)
    findings = []
    if alone := sorted(name for name in images if group(name) is None):
        findings.append(
            Finding(
                code="without-group",
                severity="note",
                file=alone[0],
                message=f"{plural(len(alone), 'name')} without a match of --group-by (this is the "
                "first): each is a group of its own",
            )
        )
    sides: dict[str, set[str]] = defaultdict(set)
    for name, side in kept.items():
        group_name = group(name)
        if group_name is not None:
            sides[group_name].add(side)
    if divided := sorted(name for name, splits in sides.items() if len(splits) > 1):
        findings.append(
            Finding(
                code="divided-group",
                severity="warning",
                file=".",
                where=divided[0],
                message=f"{plural(len(divided), 'group')} on more than one side (this is the "
                "first), as the manifest had it before there were groups: new images go where most "
                "are",
                remedy="to draw all anew, remove the file",
            )
        )
    return findings


def _class_counts(
    images: Labels, sides: Mapping[str, str], splits: Iterable[str]
) -> dict[str, dict[str, int]]:
    """Split -> class, sorted -> number of instances."""
    counts: dict[str, Counter[str]] = {split: Counter() for split in splits}
    for name, side in sides.items():
        counts[side].update(images[name])
    classes = sorted({label for count in counts.values() for label in count})
    return {split: {label: count[label] for label in classes} for split, count in counts.items()}
