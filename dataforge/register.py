"""Make a dataset known to a training framework: plan, show, apply; and undo.

    folder ─► layout ─► records (counts, findings) ─► DatasetSpec ─► planned files ─► written

What is written is the user's own: it needs the framework and nothing of dataforge. The generated
package becomes importable by one line, a ``dataforge_<name>.pth`` in the site-packages of the
Python that trains, so that any working directory, worker process and dumped config finds it.
"""

from __future__ import annotations

import difflib
import hashlib
import importlib
import os
import shlex
import sys
import sysconfig
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from dataforge.checks import Data, dropped_by_trainers, unmarked
from dataforge.classes import ClassMap, ClassOptions, ClassRules, load_names
from dataforge.datasets import choose, in_two_splits, layout_rules
from dataforge.errors import InputError, OutputError, UsageError, plural
from dataforge.formats import coco, voc
from dataforge.frameworks import (
    DatasetSpec,
    PlannedFile,
    SplitSpec,
    TrainSpec,
    ask_python,
    get_target,
    identify,
    installed_framework,
    package_files,
    snake_case,
)
from dataforge.io import REGISTRATION, Root, decode_json, read_file, staged, write_json, write_text
from dataforge.layouts import Layout, join
from dataforge.records import Finding, Header, Image
from dataforge.splits import Manifest, Rule, load_rule, not_listed, split_names, want_split_names

DEMO_MARK = "dataforge_demo"
"""A file of this name says that a folder is a demo's: it may be made anew, and gives way."""

_USES = {"train": ("train", "trainval"), "val": ("val", "test"), "test": ("test", "val")}
"""Which of the dataset's splits each of the framework's three is taken from, first come."""


class Request(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to register, and how; with what `dataforge.classes.ClassOptions` says of the classes.

    Attributes:
        name: of the dataset; gives the class's, the module's and the alias's name.
        root: folder of the data.
        layout: see `dataforge.datasets.choose`.
        flags: fields of `Layout` that override what the layout says.
        also_known_as: further names for `get_classes`.
        split: ``train=0.8,val=0.2`` where the dataset has no splits, or a manifest of
            `dataforge.split`.
        seed, stratify, group_by: of the split, see `dataforge.splits.Rule`.
        out: folder to write to; None is ``<name>_registered`` in the working directory.
        frameworks: rows of `dataforge.frameworks.table`; none is what `python` has installed.
        train: detector, batch and learning rate.
        python: interpreter that trains; None is the running one.
    """

    name: str
    root: str = "."
    layout: str | None = None
    flags: dict[str, Any] = msgspec.field(default_factory=dict)
    also_known_as: tuple[str, ...] = ()
    split: str | None = None
    seed: int = 0
    stratify: bool = False
    group_by: str | None = None
    out: str | None = None
    frameworks: tuple[str, ...] = ()
    train: TrainSpec = TrainSpec()
    python: str | None = None


class Target(msgspec.Struct, frozen=True):
    """One framework's part of a registration.

    Attributes:
        framework: a row of `dataforge.frameworks.table`.
        config: the training config or script, relative to the output folder.
        module: what it imports.
    """

    framework: str
    config: str
    module: str


class Plan(msgspec.Struct, kw_only=True):
    """What a registration would write, and why; nothing is written yet.

    Attributes:
        dataset: the description that the code was made from.
        out: absolute output folder.
        files: what to write there.
        targets: what is trained and imported, for each framework.
        reasons: how the layout was found, a sentence each.
        images: split -> number of images.
        instances: split -> class -> number.
        findings: what is odd in the data.
        pth: the path file that makes the package importable, None where nowhere can be written.
    """

    dataset: DatasetSpec
    out: Path
    files: list[PlannedFile]
    targets: list[Target]
    reasons: list[str]
    images: dict[str, int]
    instances: dict[str, dict[str, int]]
    findings: list[Finding]
    pth: Path | None

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any(finding.severity == "error" for finding in self.findings)

    def diff(self) -> str:
        """A unified diff from what stands in `out` to what would."""
        parts: list[str] = []
        for file in self.files:
            path = self.out / file.path
            old = path.read_text("utf-8") if path.is_file() else ""
            parts += difflib.unified_diff(
                old.splitlines(keepends=True),
                file.text.splitlines(keepends=True),
                str(path) if old else os.devnull,
                str(path),
            )
        return "".join(parts)


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in ``dataforge_registration.json``, so that a run can be taken back.

    Attributes:
        name: of the dataset.
        files: path relative to the folder -> SHA-256 of what was written.
    """

    name: str
    files: dict[str, str]


# Plan -------------------------------------------------------------------------------------------


def plan(request: Request) -> Plan:
    """Find out everything and render everything; write nothing.

    Raises:
        InputError: there is no such folder, or nothing is marked in it.
        LayoutError: the folder does not tell where things are.
        UsageError: the name, base or an option cannot be, or no framework is named or installed.
        OutputError: the framework cannot hold the path.
    """
    key, class_name = identify(request.name)
    frameworks = request.frameworks or (installed_framework(request.python),)
    modules = {name: get_target(name) for name in dict.fromkeys(frameworks)}
    if request.train.style == "lazy" and "mmdet3" not in modules:
        raise UsageError("--style lazy is of mmdet3 alone; name it with --framework")
    rule = load_rule(request.split, request.seed, request.stratify, request.group_by)
    root = Root(request.root)
    if root.remote:
        raise UsageError("--root: training reads local files; copy the dataset first")
    inferred = choose(request.layout, request.name, root, request.flags)
    layout, reasons = inferred.layout, list(inferred.reasons)
    survey = _survey_coco(root, layout) if layout.format == "coco" else _survey_voc(root, layout)
    reasons += survey.reasons
    findings = list(survey.findings)
    rules = request.rules().over(layout_rules(layout))
    classes = rules.class_map()
    categories = survey.order
    if rules.names is None:
        survey = _without_unused(survey, classes, findings)
    classes.declare(survey.order)
    out = Path(os.path.abspath(request.out or f"{key}_registered"))
    if rule is not None:
        survey = _shared_out(survey, rule, request, classes, findings)
    want_split_names(survey.splits)
    findings += in_two_splits(survey.file_names)
    made = _made_splits(survey, out)
    splits = _splits(survey, made, reasons, findings)
    instances = _count(survey, classes)
    findings += classes.findings()
    names = classes.names()
    if not any(number for counts in instances.values() for number in counts.values()):
        raise InputError(_nothing(request, findings))
    dataset = DatasetSpec(
        name=request.name,
        class_name=class_name,
        key=key,
        package=f"{key}_dataset",
        aliases=_aliases(request, key, layout),
        format=layout.format,
        root=os.path.abspath(request.root),
        classes=tuple(names),
        spellings=classes.spellings(),
        ignore_case=classes.ignore_case,
        splits=splits,
        extensions=layout.extensions,
        lookup=layout.lookup,
        coords=survey.coords,
        difficult=layout.difficult,
        by_name=layout.by_name,
        image_id=layout.image_id(),
        other_case=any(finding.code == "case-differs" for finding in survey.findings),
        upper_xml=any(path.endswith(".XML") for path in survey.id_of),
        has_masks=survey.masks,
        without_mask=survey.without_mask,
        dropped=tuple(_dropped(categories, names, classes, rules)),
    )
    for module in modules.values():
        module.check(dataset, request.train)
    findings += unmarked(instances, names)
    shared = [*package_files(dataset), *made.files]
    files = [*shared, *_files(modules, dataset, request.train)]
    findings += _made_earlier(out, shared, files)
    return Plan(
        dataset=dataset,
        out=out,
        files=files,
        targets=[
            Target(name, module.config_path(dataset, request.train), module.module_name(dataset))
            for name, module in modules.items()
        ],
        reasons=reasons,
        images={name: len(ids) for name, ids in survey.ids.items()},
        instances=instances,
        findings=findings,
        pth=_path_file(key, request.python),
    )


def _files(
    modules: Mapping[str, Any], dataset: DatasetSpec, train: TrainSpec
) -> Iterator[PlannedFile]:
    for module in modules.values():
        yield from module.render_files(dataset, train)


def _made_earlier(
    out: Path, shared: Sequence[PlannedFile], files: Sequence[PlannedFile]
) -> Iterator[Finding]:
    """Files of other frameworks or detectors, where what they share with the plan changes."""
    old = read_registration(out)
    earlier = old.files if old else {}
    changes = any(
        file.path in earlier and earlier[file.path] != _sha256(file.text.encode())
        for file in shared
    )
    planned = {file.path for file in files}
    rest = [name for name in earlier if name not in planned and (out / name).is_file()]
    if changes and rest:
        yield Finding(
            code="registered-otherwise",
            severity="warning",
            file=str(out / rest[0]),
            message=f"{plural(len(rest), 'file')} (this is the first) of an earlier registration "
            "left as it stood then, while the dataset they share is now read in another way",
            remedy="register for all frameworks in one run (--framework a,b), or `dataforge "
            "unregister` first",
        )


def _nothing(request: Request, findings: Sequence[Finding]) -> str:
    """Why nothing is registered, with what was found on the way."""
    reasons = "".join(f"\n  {finding}" for finding in findings[:5])
    return f"{request.root}: nothing is marked there with one of the classes{reasons}"


class _Survey(msgspec.Struct, kw_only=True):
    """What a pass over the data found, whatever its format."""

    splits: dict[str, SplitSpec]
    ids: dict[str, list[str]]
    file_names: dict[str, set[str]] = {}  # split -> its images, relative to the root
    labels: dict[str, Counter[str]]  # split -> label -> instances
    order: list[str] = []  # labels in the order of the source, empty where it has none
    images: list[Image] = []  # voc: for the class map's findings
    id_of: dict[str, str] = {}  # voc: XML file -> id, of what can be read
    unlisted: dict[str, bool] = {}  # split -> its ids have to be written into a list of our own
    coords: Any = "zero"
    masks: bool = False
    without_mask: str = ""
    reasons: list[str] = []
    findings: list[Finding] = []


def _survey_voc(root: Root, layout: Layout) -> _Survey:
    coords, why = voc.decide_coords(root, layout)
    fixed = msgspec.structs.replace(layout, coords=coords)
    survey = _Survey(splits={}, ids={}, labels={}, coords=coords)
    survey.reasons.append(f"coords: {coords} ({why})")
    paths: dict[str, str] = {}
    checks = dropped_by_trainers(Data(root, "voc", ClassRules().class_map()))
    for split_name, ids in voc.listed_ids(root, fixed).items():
        name = split_name or "all"
        images, annotations = (_fixed(folder) for folder in fixed.folders(split_name or ""))
        listing = "" if fixed.per_split else fixed.splits.get(split_name or "", "")
        survey.splits[name] = SplitSpec(
            ann_file=listing, images=_plain(images), annotations=_plain(annotations)
        )
        survey.ids[name] = ids
        paths |= {path: id_ for id_, path in voc.annotation_ids(root, fixed, split_name).items()}
        survey.unlisted[name] = not (listing and root.exists(listing)) or not _is_clean(
            root, listing, ids
        )
    for record in voc.read(root, voc.Options(layout=fixed, missing_images="skip"), str.strip):
        if isinstance(record, Finding):
            survey.findings.append(record)
        if not isinstance(record, Image):
            continue
        survey.findings += checks.image(record)
        # Names and places are all that the class map asks for.
        survey.images.append(msgspec.structs.replace(record, attributes={}))
        survey.id_of[record.source] = paths[record.source]
    survey.findings = list(dict.fromkeys(survey.findings))  # a file may be in several splits
    survey.labels = _labels(survey.images, survey.splits)
    survey.file_names = _file_names(survey.images, survey.splits)
    if not survey.images:
        reasons = "".join(f"\n  {finding}" for finding in survey.findings[:5])
        raise InputError(f"{root.location}: no image with annotations can be read{reasons}")
    return survey


def _labels(images: Iterable[Image], splits: Iterable[str]) -> dict[str, Counter[str]]:
    """Split -> label -> number of instances."""
    labels: dict[str, Counter[str]] = {name: Counter() for name in splits}
    for image in images:
        labels[image.split or "all"].update(instance.label for instance in image.instances)
    return labels


def _file_names(images: Iterable[Image], splits: Iterable[str]) -> dict[str, set[str]]:
    """Split -> its images."""
    file_names: dict[str, set[str]] = {name: set() for name in splits}
    for image in images:
        file_names[image.split or "all"].add(image.file_name)
    return file_names


def _is_clean(root: Root, listing: str, ids: Sequence[str]) -> bool:
    """Whether the split file's lines are the ids as they are, spaces and blank lines apart."""
    text = root.read_bytes(listing).decode("utf-8-sig", "replace")
    return [line.strip() for line in text.splitlines() if line.strip()] == list(ids)


def _survey_coco(root: Root, layout: Layout) -> _Survey:
    survey = _Survey(splits={}, ids={}, labels={})
    total = 0
    without: list[str] = []
    checks = dropped_by_trainers(Data(root, "coco", ClassRules().class_map()))
    for name, path in layout.splits.items():
        images, _ = layout.folders(name)
        survey.splits[name] = SplitSpec(ann_file=path, images=_plain(images))
        ids: list[str] = []
        labels: Counter[str] = Counter()
        options = coco.Options(image_root=os.path.join(root.location, images))
        for record in coco.read_as_it_is(root, path, options):
            if isinstance(record, Finding):
                survey.findings.append(record)
            elif isinstance(record, Header):
                labels.update({category.name: 0 for category in record.categories})
            else:
                survey.findings += checks.image(record)
                ids.append(record.file_name)
                labels.update(instance.label for instance in record.instances)
                without += (
                    f"{path}::{item.where}" for item in record.instances if item.shape is None
                )
        survey.ids[name] = ids
        survey.file_names[name] = {join(images, file_name) for file_name in ids}
        survey.labels[name] = labels
        survey.order += [label for label in labels if label not in survey.order]
        total += labels.total()
    survey.masks = total > 0 and not without
    if 0 < len(without) < total:
        survey.without_mask = (
            f"{len(without):,} of {plural(total, 'object')} have none, the first {without[0]}"
        )
        survey.reasons.append(f"masks: {survey.without_mask}; so boxes alone are registered")
    return survey


def _without_unused(survey: _Survey, classes: ClassMap, findings: list[Finding]) -> _Survey:
    """The same without the categories of COCO files that no annotation in any split is of.

    Roboflow's exports have one, the supercategory; a detector would learn it from nothing.
    """
    used = {
        classes.canonical(label)
        for labels in survey.labels.values()
        for label, number in labels.items()
        if number
    }
    unused = [label for label in survey.order if classes.canonical(label) not in {None, *used}]
    if not unused:
        return survey
    names = list(dict.fromkeys(c for label in survey.order if (c := classes.canonical(label))))
    findings.append(
        Finding(
            code="category-without-instances",
            severity="note",
            file=next(iter(survey.splits.values())).ann_file,
            where="$.categories",
            message=f"nothing is marked {', '.join(map(repr, unused))} in any split: left out of "
            "the classes",
            remedy=f"{_labels_option(names)} keeps what is left out",
        )
    )
    kept = {
        name: Counter({label: number for label, number in labels.items() if label not in unused})
        for name, labels in survey.labels.items()
    }
    order = [label for label in survey.order if label not in unused]
    return msgspec.structs.replace(survey, order=order, labels=kept)


def _labels_option(names: Sequence[str]) -> str:
    """What to type for these classes in this order."""
    value = ",".join(names)
    with suppress(UsageError):
        if load_names(value) == names and not value.lower().endswith(".toml"):
            return f"--labels {shlex.quote(value)}"
    return f"--labels FILE with the lines {', '.join(map(repr, names))}"


def _dropped(
    categories: Iterable[str], names: Sequence[str], classes: ClassMap, rules: ClassRules
) -> list[str]:
    """The categories that are no class because somebody wants it so, as they are written.

    One that is unknown is not among them, unless these are ignored: it may be misspelt.
    """
    unknown_too = rules.names is None or rules.unknown in ("add", "ignore")
    ruled_out = ClassRules(unknown="add").over(rules).class_map()
    return [
        label
        for label in categories
        if classes.canonical(label) not in names
        and (unknown_too or ruled_out.canonical(label) is None)
    ]


def _fixed(folder: str) -> str:
    """The folder that ids are relative to: the root, where ``*`` is in it."""
    return "." if "*" in folder else folder


def _plain(folder: str) -> str:
    return "" if folder == "." else folder


def _shared_out(
    survey: _Survey, rule: Rule, request: Request, classes: ClassMap, findings: list[Finding]
) -> _Survey:
    """The same images in splits that a rule makes, each to be written into a list of our own."""
    if not survey.unlisted:
        raise UsageError("--split makes lists of ids: a COCO file is split by `convert`")
    said = ", ".join(survey.splits)
    if len(survey.splits) > 1 and not isinstance(rule, Manifest):
        raise UsageError(f"--split: the dataset has splits already ({said})")
    specs = {msgspec.structs.replace(spec, ann_file="") for spec in survey.splits.values()}
    if len(specs) > 1:
        raise UsageError(f"--split: each of {said} has a folder of its own, which no list can mix")
    images = {image.source: image for image in survey.images}  # once, if several splits list it
    labels: dict[str, Counter[str]] = defaultdict(Counter)
    for image in images.values():
        names = (classes.canonical(instance.label) for instance in image.instances)
        labels[image.file_name].update(name for name in names if name is not None)
    sides = rule.sides(labels)
    if missing := labels.keys() - sides.keys():
        left_out = (image for image in images.values() if image.file_name in missing)
        lost = sum(len(image.instances) for image in left_out)
        findings.append(not_listed(missing, lost, request.split))
    if not sides:
        raise InputError(f"{request.split}: none of its images is in {request.root}")
    kept = [
        msgspec.structs.replace(image, split=sides[image.file_name])
        for image in images.values()
        if image.file_name in sides
    ]
    ids: dict[str, list[str]] = {name: [] for name in split_names(rule, sides)}
    if not ids.keys() & {*_USES["train"]}:
        raise UsageError(f"--split {request.split}: one of the splits has to be train")
    for image in kept:
        ids[image.split or ""].append(survey.id_of[image.source])
    return msgspec.structs.replace(
        survey,
        images=kept,
        labels=_labels(kept, ids),
        file_names=_file_names(kept, ids),
        ids={name: sorted(listed) for name, listed in ids.items()},
        splits=dict.fromkeys(ids, specs.pop()),
        unlisted=dict.fromkeys(ids, True),
    )


class _Made(msgspec.Struct, frozen=True):
    """Split lists that the dataset itself does not have."""

    splits: dict[str, SplitSpec]
    files: list[PlannedFile]


def _made_splits(survey: _Survey, out: Path) -> _Made:
    splits, files = dict(survey.splits), []
    usable = {(image.split or "all", survey.id_of[image.source]) for image in survey.images}
    for name, spec in survey.splits.items():
        if not survey.images:  # a COCO file lists its own
            continue
        # What cannot be read would stop the training: the list that is trained on is without it,
        # and the findings name it.
        ids = [id_ for id_ in survey.ids[name] if (name, id_) in usable]
        if survey.unlisted.get(name) or len(ids) < len(survey.ids[name]):
            survey.ids[name] = ids
            path = f"splits/{name}.txt"
            files.append(PlannedFile(path, "".join(f"{id_}\n" for id_ in ids)))
            splits[name] = msgspec.structs.replace(spec, ann_file=str(out / path))
    return _Made(splits, files)


def _splits(
    survey: _Survey, made: _Made, reasons: list[str], findings: list[Finding]
) -> dict[str, SplitSpec]:
    chosen = {}
    for use, candidates in _USES.items():
        name = next((name for name in candidates if name in made.splits), next(iter(made.splits)))
        chosen[use] = made.splits[name]
        if name != use:
            reasons.append(f"{use}: the dataset has no such split, so {name} is taken")
    unused = [name for name in made.splits if made.splits[name] not in chosen.values()]
    if unused:
        findings.append(
            Finding(
                code="split-not-used",
                severity="note",
                file=made.splits[unused[0]].ann_file or ".",
                message=f"neither trained on nor evaluated on: {', '.join(unused)}",
                remedy="edit the dataset fragment to use them",
            )
        )
    if chosen["val"] == chosen["train"]:
        findings.append(
            Finding(
                code="val-is-train",
                severity="warning",
                file=survey.splits[next(iter(survey.splits))].ann_file or ".",
                message="the dataset has one split: what is trained on is what is evaluated on",
                remedy="--split train=0.8,val=0.2 makes two"
                if survey.images
                else "convert with --split train=0.8,val=0.2, or name two files with --splits",
            )
        )
    return chosen


def _count(survey: _Survey, classes: ClassMap) -> dict[str, dict[str, int]]:
    """Split -> class -> instances; what has no class goes to the class map's findings."""
    for image in survey.images:
        classes.apply(image)
    counts: dict[str, dict[str, int]] = {}
    for name, labels in survey.labels.items():
        counts[name] = {}
        for label, number in labels.items():
            class_name = classes.canonical(label)
            if not survey.images and number:  # a COCO file, of which only the numbers are read
                classes.take(label, number, survey.splits[name].ann_file, f"category {label!r}")
            if class_name is not None:
                counts[name][class_name] = counts[name].get(class_name, 0) + number
    return counts


def _aliases(request: Request, key: str, layout: Layout) -> tuple[str, ...]:
    names = [key, request.name, snake_case(request.name), *request.also_known_as]
    if layout.name and identify(layout.name)[0] == key:
        names += layout.also_known_as
    return tuple(dict.fromkeys(names))


# Apply ------------------------------------------------------------------------------------------


def apply(plan_: Plan, force: bool = False) -> list[Path]:
    """Write the planned files and make the package importable.

    Args:
        plan_: what `plan` returned.
        force: overwrite files that a person changed, and another registration of this name.

    Returns:
        The files written, without those that stood there already just so.

    Raises:
        OutputError: a file was changed by hand or is somebody else's, or the name is registered
            from another folder; nothing is written then.
    """
    if not force:
        check_applicable(plan_)
    old = read_registration(plan_.out)
    written = []
    hashes = dict(old.files) if old else {}
    hashes |= {file.path: _sha256(file.text.encode()) for file in plan_.files}
    registration = Registration(name=plan_.dataset.name, files=hashes)
    with staged(plan_.out, [], force=True) as stage:
        for file in plan_.files:
            path = plan_.out / file.path
            if not path.is_file() or path.read_bytes() != file.text.encode():
                write_text(stage / file.path, file.text)
                written.append(path)
        if registration != old:
            write_json(stage / REGISTRATION, registration)
    if plan_.pth is not None:
        write_text(plan_.pth, f"{plan_.out}\n")
        if plan_.pth.parent in site_folders() and str(plan_.out) not in sys.path:
            sys.path.append(str(plan_.out))  # path files are read when Python starts
            importlib.invalidate_caches()
    return written


def check_applicable(plan_: Plan) -> None:
    """Raise OutputError where `apply` would overwrite what is not its own."""
    old = read_registration(plan_.out)
    changed = [
        file.path
        for file in plan_.files
        if not _may_replace(
            plan_.out / file.path, file.text, old.files.get(file.path) if old else None
        )
    ]
    if changed:
        raise OutputError(
            f"{plan_.out}: changed by hand or not made by dataforge: {', '.join(changed)}; "
            "--dry-run shows the difference, --force overwrites"
        )
    other = registered_folder(plan_)
    if other is None or other == plan_.out or not other.exists():
        return
    if not (other.parent / DEMO_MARK).is_file():  # a demo gives way
        raise OutputError(
            f"{plan_.dataset.name} is registered already, from {other}; "
            f"`dataforge unregister {shlex.quote(plan_.dataset.name)}` undoes that, --force takes "
            "its place"
        )


def _may_replace(path: Path, text: str, recorded: str | None) -> bool:
    if not path.exists():
        return True
    data = path.read_bytes()
    return data == text.encode() or _sha256(data) == recorded


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read_registration(out: Path) -> Registration | None:
    """What was registered into a folder, None where nothing was."""
    path = out / REGISTRATION
    return decode_json(read_file(path), Registration, str(path)) if path.is_file() else None


def _path_file(key: str, python: str | None) -> Path | None:
    """The .pth file for this name, in the first site-packages that can be written."""
    for folder in site_folders(python):
        if os.access(folder, os.W_OK):
            return folder / f"dataforge_{key}.pth"
    return None


def site_folders(python: str | None = None) -> list[Path]:
    """Where an interpreter looks for packages and .pth files, its own site-packages first.

    Raises:
        UsageError: `python` is no Python.
    """
    # Links are not resolved: two virtual environments may share one base interpreter.
    if python is None or os.path.abspath(python) == sys.executable:
        import site

        own = Path(sysconfig.get_paths()["purelib"])
        return [own, Path(site.getusersitepackages())] if site.ENABLE_USER_SITE else [own]
    code = (
        "import site, sysconfig; print(sysconfig.get_paths()['purelib']); "
        "print(site.getusersitepackages() if site.ENABLE_USER_SITE else '')"
    )
    return [Path(line) for line in ask_python(python, code).splitlines() if line]


def registered_folder(plan_: Plan) -> Path | None:
    """The folder from which the plan's name is registered already, if it is."""
    return _linked_folder(plan_.pth) if plan_.pth is not None else None


def _linked_folder(pth: Path) -> Path | None:
    with suppress(OSError):
        return Path(pth.read_text("utf-8").strip())
    return None


# Undo -------------------------------------------------------------------------------------------


class Removed(msgspec.Struct, frozen=True):
    """What `unregister` took away, and what it left because a person had changed it."""

    removed: list[Path]
    kept: list[Path]


def unregister(
    name: str, out: str | None = None, python: str | None = None, force: bool = False
) -> Removed:
    """Take back a registration: the path file, and every file as it was written.

    Where a file is kept, what remains stays registered, so that `force` finds it later.

    Args:
        name: of the dataset.
        out: the folder it was written to, where no path file tells.
        python: interpreter that it was registered for.
        force: remove files that a person changed, too.

    Raises:
        InputError: no such registration, or none in `out`.
    """
    key, _ = identify(name)
    pths = [folder / f"dataforge_{key}.pth" for folder in site_folders(python)]
    pths = [path for path in pths if path.is_file()]
    folders = [Path(os.path.abspath(out))] if out else [f for p in pths if (f := _linked_folder(p))]
    default = Path(os.path.abspath(f"{key}_registered"))
    if not folders and read_registration(default):
        folders = [default]
    if not folders:
        raise InputError(
            f"{name} is not registered here; --out names the folder it was written to, and "
            "--python the Python that it was registered for"
        )
    removed: list[Path] = []
    kept: list[Path] = []
    for folder in folders:
        registration = read_registration(folder)
        if registration is None and out:
            raise InputError(f"{folder}: nothing was registered into this folder")
        files = registration.files if registration else {}
        left: dict[str, str] = {}
        for path_name, digest in files.items():
            path = folder / path_name
            if not path.is_file():
                continue
            if force or _sha256(path.read_bytes()) == digest:
                path.unlink()
                removed.append(path)
            else:
                kept.append(path)
                left[path_name] = digest
        if left:  # what is left can be taken back later, with force
            write_json(folder / REGISTRATION, Registration(name=name, files=left))
        elif registration:
            (folder / REGISTRATION).unlink()
        _remove_empty(folder, files)
    for pth in pths:
        linked = _linked_folder(pth)
        if linked in folders and not any(linked in path.parents for path in kept):
            pth.unlink()
            removed.append(pth)
    return Removed(removed, kept)


def _remove_empty(folder: Path, names: Iterable[str]) -> None:
    """Remove the folders that the files stood in, from the inside out, where they are empty."""
    folders = {
        parent for name in names for parent in (folder / name).parents if folder in parent.parents
    }
    for inner in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        cache = inner / "__pycache__"
        if cache.is_dir():
            for compiled in cache.glob("*.pyc"):
                compiled.unlink()
            with suppress(OSError):
                cache.rmdir()
        with suppress(OSError):
            inner.rmdir()
    with suppress(OSError):
        folder.rmdir()
