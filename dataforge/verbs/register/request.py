"""What to register, and the resulting plan."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import msgspec

from dataforge.classes import ClassOptions
from dataforge.errors import plural
from dataforge.findings import Finding, any_error
from dataforge.frameworks import DatasetSpec, PlannedFile, TrainSpec
from dataforge.io import read_file
from dataforge.reports import Shown, Table, class_table, summed_up


class Request(ClassOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to register, and how; includes the class rules of `dataforge.classes.ClassOptions`.

    Attributes:
        name: of the dataset; gives the names of the class, the module and the alias.
        root: folder of the data.
        layout: see `dataforge.datasets.find_layout`.
        flags: fields of `Layout` that override the layout.
        also_known_as: further names for `get_classes`.
        split: ``train=80,val=20`` if the dataset has no splits, or a manifest of
            `dataforge.verbs.split`.
        seed, stratify, group_by: of the split, see `dataforge.splits.Rule`.
        out: folder to write to; None is ``<name>_registered`` in the working directory.
        frameworks: names of `dataforge.frameworks`; empty for those that `python` has installed.
        framework_options: options of single frameworks, such as the style of mmdet3.
        train: detector, batch and learning rate.
        index: training keeps an index of XML files beside them.
        python: interpreter that trains; None is the running one.
        follow_links: also read what links out of the root lead to.
        engine, workers, engine_options: see `dataforge.engines.get_engine`.
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
    framework_options: dict[str, Any] = msgspec.field(default_factory=dict)
    train: TrainSpec = TrainSpec()
    index: bool = True
    python: str | None = None
    follow_links: bool = False
    engine: str = "local"
    workers: int | None = 1
    engine_options: dict[str, Any] = msgspec.field(default_factory=dict)


class Target(msgspec.Struct, frozen=True):
    """One framework's part of a registration.

    Attributes:
        framework: its name.
        config: the training config or script, relative to the output folder.
        module: what it imports.
    """

    framework: str
    config: str
    module: str


class Plan(Shown, msgspec.Struct, kw_only=True):
    """What a registration would write, and why; nothing is written yet.

    Attributes:
        dataset: the description that the code was made from.
        out: absolute output folder.
        files: what to write there.
        targets: what is trained and imported, for each framework.
        reasons: how the layout was found, one sentence each.
        images: split -> number of images.
        instances: split -> class -> number.
        findings: on the data.
        pth: the path file that makes the package importable, None if no site-packages is writable.
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

    def title(self) -> str:
        classes = plural(len(self.dataset.classes), "class")
        targets = ", ".join(str(self.out / target.config) for target in self.targets)
        return f"{self.dataset.name}: {classes}; {targets}; {summed_up(self.findings)}"

    def table(self) -> Table:
        return class_table(self.dataset.classes, self.images, self.instances)

    @property
    def failed(self) -> bool:
        """Whether any finding is an error."""
        return any_error(self.findings)

    def diff(self) -> str:
        """A unified diff from the files in `out` to the planned ones."""
        parts: list[str] = []
        for file in self.files:
            path = self.out / file.path
            old = read_file(path).decode("utf-8", "replace") if path.is_file() else ""
            parts += difflib.unified_diff(
                old.splitlines(keepends=True),
                file.text.splitlines(keepends=True),
                str(path) if old else os.devnull,
                str(path),
            )
        return "".join(parts)
