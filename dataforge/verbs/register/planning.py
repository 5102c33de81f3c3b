"""Plans a registration: reads everything and renders everything, but writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from dataforge.checks import unmarked
from dataforge.classes import Classes, ClassRules, Resolver, Tally, labels_option
from dataforge.codes import code
from dataforge.datasets import Progress, find_layout, in_two_splits, layout_rules, left_out
from dataforge.engines import get_engine
from dataforge.errors import InputError, OutputError, UsageError, plural
from dataforge.findings import Finding, Place, as_reasons
from dataforge.frameworks import (
    DatasetSpec,
    Framework,
    PlannedFile,
    SplitSpec,
    choose_frameworks,
    identify,
    package_files,
    package_name,
    snake_case,
)
from dataforge.io import Root, open_file
from dataforge.layouts import Layout
from dataforge.splits import check_split_names, load_rule
from dataforge.verbs.register.contents import check_contents
from dataforge.verbs.register.dataset import Surveyed, survey_data
from dataforge.verbs.register.path_file import imported_from, linked_folder, path_file
from dataforge.verbs.register.paths import check_length, check_path
from dataforge.verbs.register.record import read_registration, sha256
from dataforge.verbs.register.request import Plan, Request, Target
from dataforge.verbs.register.splits import made_splits, refuse_shared, shared_out, used_splits


def plan(request: Request, progress: Progress | None = None) -> Plan:
    """What a registration would write, and why.

    Args:
        request: what to register, and how.
        progress: see `dataforge.datasets.Progress`.

    Raises:
        InputError: the folder or the file of weights does not exist, or there are no annotations.
        LayoutError: the layout cannot be inferred.
        UsageError: the name, base or an option is invalid, or no framework is named or installed.
        OutputError: a path cannot be written into code or is not supported by the framework, or
            the output folder contains something else.
    """
    key, _ = identify(request.name)
    out = Path(os.path.abspath(request.out or f"{key}_registered"))
    weights = request.train.weights
    for path in (out, os.path.abspath(request.root), request.python or "", weights):
        check_path(path)
    if weights:
        _check_weights(weights)
    frameworks = choose_frameworks(request.frameworks, request.python, request.framework_options)
    rule = load_rule(request.split, request.seed, request.stratify, request.group_by)
    root = _root(request)
    found = find_layout(request.layout, request.name, root, request.flags)
    if "splits" not in request.flags:
        refuse_shared(found.layout, root)
    engine = get_engine(request.engine, request.workers, request.engine_options)
    data = survey_data(root, found.layout, engine, progress)
    reasons, findings = [*found.reasons, *data.reasons], [*left_out(root), *data.findings]
    rules = request.rules().over(layout_rules(found.layout))
    resolver = rules.resolver()
    categories = data.order
    if rules.names is None:
        data = _without_unused(data, resolver, findings)
    classes = resolver.settle(data.tally, data.order)
    if rule is not None:
        data = shared_out(data, rule, request, classes, findings)
        classes = resolver.settle(_tally(data), data.order)
    check_split_names(data.splits)
    findings += in_two_splits(data.file_names)
    made = made_splits(data, out)
    splits = used_splits(data, made, reasons, findings)
    instances = data.instances(classes)
    findings += classes.findings()
    if not any(number for counts in instances.values() for number in counts.values()):
        raise InputError(_nothing(request, findings))
    dropped = tuple(_dropped(categories, classes, rules))
    trained = next(name for name, spec in made.splits.items() if spec == splits["train"])
    number = len(made.ids.get(trained, ()))
    dataset = _dataset(request, found.layout, data, classes, splits, dropped, number)
    for path in dataset.paths():
        check_path(path)
    for framework in frameworks:
        framework.check(dataset, request.train)
        reasons += [note for note in framework.notes(request.train) if note not in reasons]
    findings += unmarked(instances, classes.names)
    shared = [*package_files(dataset), *made.files]
    every = [*shared, *_files(frameworks, dataset, request)]
    files = [*{file.path: file for file in every}.values()]  # some have a network in common
    findings += _registered_otherwise(out, shared, files)
    planned = Plan(
        dataset=dataset,
        out=out,
        files=files,
        targets=[_target(framework, dataset, request) for framework in frameworks],
        reasons=reasons,
        images={name: len(ids) for name, ids in made.ids.items()},
        instances=instances,
        findings=findings,
        pth=path_file(key, request.python),
    )
    _check_place(planned, request.python)
    return planned


def _check_weights(path: str) -> None:
    """Refuse what training could not load; the tensors are looked at when it starts.

    Raises:
        InputError: there is no such file, or it begins otherwise than those that torch saves.
    """
    if not os.path.isfile(path):
        raise InputError(f"--weights {path}: no such file")
    with open_file(path) as stream:
        if not stream.read(4).startswith((b"PK", b"\x80")):  # a zip file, or a pickle before 1.6
            raise InputError(f"--weights {path}: is not a checkpoint that torch has saved")


def _root(request: Request) -> Root:
    """The dataset's folder.

    Raises:
        UsageError: it is remote, or a file.
        InputError: it does not exist.
    """
    root = Root(request.root, follow_links=request.follow_links)
    if root.remote:
        raise UsageError("--root: training reads local files; copy the dataset first")
    if root.only is not None:
        raise UsageError("--root: name the dataset's folder; --split-files takes single COCO files")
    return root


def _check_place(planned: Plan, python: str | None) -> None:
    """Refuse an output folder that cannot hold the files, or whose package is not imported.

    Raises:
        OutputError: it is such.
    """
    if planned.pth is None and os.pathsep in str(planned.out):
        raise OutputError(f"{planned.out}: PYTHONPATH cannot hold it; choose another --output")
    paths = [planned.out / file.path for file in planned.files]
    check_length([*paths, *([planned.pth] if planned.pth else [])])
    check_contents(planned)
    _check_package(planned, python)


def _check_package(planned: Plan, python: str | None) -> None:
    """Refuse a package that would be hidden by one that an interpreter has already."""
    package = planned.dataset.package
    found = imported_from(package, python)
    if found is None or found == planned.out / planned.dataset.folder:
        return
    registered = linked_folder(planned.pth) if planned.pth is not None else None
    if registered is None or found != registered / planned.dataset.folder:
        raise UsageError(f"{package} is already a package, in {found}; choose another NAME")


def _dataset(
    request: Request,
    layout: Layout,
    data: Surveyed,
    classes: Classes,
    splits: dict[str, SplitSpec],
    dropped: tuple[str, ...],
    train_images: int,
) -> DatasetSpec:
    key, class_name = identify(request.name)
    return DatasetSpec(
        name=request.name,
        class_name=class_name,
        key=key,
        package=package_name(key),
        aliases=_aliases(request, key, layout),
        format=layout.format,
        root=os.path.abspath(request.root),
        classes=tuple(classes.names),
        spellings=classes.spellings(),
        ignore_case=classes.resolver.ignore_case,
        splits=splits,
        train_images=train_images,
        extensions=layout.extensions,
        lookup=layout.lookup,
        coords=data.coords,
        difficult=layout.difficult,
        by_name=layout.by_name and not layout.has_common_star,
        image_id=layout.image_id(),
        image_name=layout.image_name(),
        other_case=any(finding.code == "case-differs" for finding in data.findings),
        upper_xml=any(path.endswith(".XML") for path in data.id_of),
        has_masks=data.masks,
        without_mask=data.without_mask,
        dropped=dropped,
        index=request.index,
    )


def _tally(data: Surveyed) -> Tally:
    """The labels of the images, after a split has excluded some."""
    tally = Tally()
    for seen in data.images:
        for label, count in seen.labels.items():
            tally.add(label, count.shapes, count.place or seen.place)
    return tally


def _files(
    frameworks: Sequence[Framework], dataset: DatasetSpec, request: Request
) -> Iterator[PlannedFile]:
    for framework in frameworks:
        yield from framework.render_files(dataset, request.train)


def _target(framework: Framework, dataset: DatasetSpec, request: Request) -> Target:
    config = framework.config_path(dataset, request.train)
    return Target(framework.name, config, framework.module_name(dataset))


def _registered_otherwise(
    out: Path, shared: Sequence[PlannedFile], files: Sequence[PlannedFile]
) -> Iterator[Finding]:
    """A finding on files of other frameworks or detectors, if a file that they share changes."""
    old = read_registration(out)
    earlier = old.files if old else {}
    changes = any(
        file.path in earlier and earlier[file.path] != sha256(file.text.encode()) for file in shared
    )
    planned = {file.path for file in files}
    rest = [name for name in earlier if name not in planned and (out / name).is_file()]
    if changes and rest:
        yield code("registered-otherwise").at(
            Place(str(out / rest[0])),
            f"{plural(len(rest), 'file')} of an earlier registration not changed (this is the "
            "first), although the dataset that they share is now read differently",
            "register for all frameworks in one run (--framework a,b), or run `dataforge "
            "unregister` first",
        )


def _nothing(request: Request, findings: Sequence[Finding]) -> str:
    """Why nothing is registered, with the findings."""
    return f"{request.root}: no annotation belongs to any of the classes{as_reasons(findings)}"


def _without_unused(data: Surveyed, resolver: Resolver, findings: list[Finding]) -> Surveyed:
    """The same without the categories of COCO files that have no annotations in any split.

    Roboflow's exports have such a category, the supercategory.
    """
    used = {None, *map(resolver.same, data.tally.labels)}
    unused = [label for label in data.order if resolver.same(label) not in used]
    if not unused:
        return data
    names = resolver.settle(Tally(), data.order).names
    findings.append(
        code("category-without-instances").at(
            Place(next(iter(data.splits.values())).ann_file, "$.categories"),
            f"no split has annotations of {', '.join(map(repr, unused))}: not a class",
            f"to keep it, use {option}" if (option := labels_option(names)) else "",
        )
    )
    order = [label for label in data.order if resolver.same(label) in used]
    return msgspec.structs.replace(data, order=order)


def _dropped(categories: Iterable[str], classes: Classes, rules: ClassRules) -> list[str]:
    """The categories that are deliberately not classes, as written.

    Unknown ones are not among them unless they are ignored: they may be misspelt.
    """
    unknown_too = rules.names is None or rules.unknown in ("add", "ignore")
    ruled_out = ClassRules(unknown="add").over(rules).resolver()
    names = set(classes.names)
    return [
        label
        for label in categories
        if classes.of(label) not in names and (unknown_too or ruled_out.same(label) is None)
    ]


def _aliases(request: Request, key: str, layout: Layout) -> tuple[str, ...]:
    names = [key, request.name, snake_case(request.name), *request.also_known_as]
    if layout.name and identify(layout.name)[0] == key:
        names += layout.also_known_as
    return tuple(dict.fromkeys(names))
