"""A training config of mmdetection 2 or 3, resolved from its source without running it.

    config.py ─ _base_, read_base ─► evaluated statement by statement ─► merged, child over base

Unsupported expressions become `UNKNOWN`, which no check reports: a check tests the type of a value
first, and `Config.settled` before it reports a missing value.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from dataforge.mmconfig.annotations import Annotations
from dataforge.mmconfig.files import Files
from dataforge.mmconfig.signs import MMDETECTION, Signs, assigned, framework_of
from dataforge.mmconfig.syntax import is_main
from dataforge.mmconfig.values import Settings, Unknown, dicts, inside, is_complete, type_name

_KEYS = frozenset({
    "_base_", "albu_train_transforms", "backbone", "classes", "custom_hooks", "custom_imports",
    "data_root", "dataset_type", "default_scope", "detector", "img_norm_cfg", "load_from",
    "metainfo", "model", "optimizer", "resume", "test_cfg", "test_pipeline", "train_cfg",
    "train_pipeline", "tta_model", "val_cfg", "work_dir",
})  # fmt: skip
"""Top-level keys of configs and their fragments, beside those that tell the framework."""


class Config:
    """A training config.

    Attributes:
        values: name -> value, with the bases merged in.
        own: names assigned in the file itself, without its bases.
        files: real paths of the files that make up the config.
        trees: real path -> syntax tree, of those that are Python.
        missing: bases that do not exist, as written.
        faults: why it does not load, as far as that can be seen without running it.
        read: cache of the annotation files, shared by all checks; each file is read once.
        modules: cache of the names and values in the modules of dataset classes, likewise.

    Args:
        tree: syntax tree of the file.
        path: path of the file.
        signs: framework name -> signs, for every possible framework.
    """

    def __init__(
        self, tree: ast.Module, path: Path, signs: Mapping[str, Signs] = MMDETECTION
    ) -> None:
        files = Files()
        self.path = path
        self._signs = signs
        self.read: dict[tuple[str, str | None], Annotations] = {}
        self.modules: dict[Path, Mapping[str, Any]] = {}
        self.own = assigned(tree)
        script = files.read(path, tree)
        self.values: Settings = files.resolved(script)
        self.trees = {**files.trees, Path(os.path.realpath(path)): tree}
        self.files = frozenset([*self.trees, *files.known])
        self.missing = files.missing
        self.faults = files.faults
        self.values.complete &= not files.lost

    @cached_property
    def framework(self) -> str | None:
        """The framework that the config is for; None if undetermined.

        Raises:
            InputError: the config mentions two frameworks.
        """
        return framework_of(self.path, self._signs)

    def why_no_config(self) -> str:
        """Why a file is no training config, in words; empty if it is one.

        Raises:
            InputError: it mentions two frameworks.
        """
        tree = self.trees[Path(os.path.realpath(self.path))]
        if any(isinstance(node, ast.If) and is_main(node.test) for node in tree.body):
            return "it is a script, which `check` does not read"
        if self.framework is None and not _KEYS & {*self.own, *self.values}:
            return "it assigns neither model nor data, and has no _base_"
        return ""

    @property
    def generation(self) -> int:
        """The mmdetection generation, 2 or 3; 0 if it is for neither.

        Raises:
            InputError: the config mentions two frameworks.
        """
        return {"mmdet2": 2, "mmdet3": 3}.get(self.framework or "", 0)

    @property
    def is_stock(self) -> bool:
        """Whether the file itself ships with mmdetection, and is as its authors mean it."""
        return "/.mim/configs/" in self.path.absolute().as_posix()

    @property
    def is_open(self) -> bool:
        """Whether the detector takes the names of the classes with each image."""
        return type_name(self.get("model")) in ("GLIP", "GroundingDINO")

    @property
    def is_complete(self) -> bool:
        """Whether all bases are known."""
        return self.values.complete

    def settled(self, path: str) -> bool:
        """Whether what is missing below a dotted path is absent from all bases, known or not."""
        value: Any = self.values
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return is_complete(value)
            value = value[key]
        return is_complete(value) or not isinstance(value, (Mapping, Unknown))

    def get(self, path: str) -> Any:
        """The value at a dotted path; None if there is none, or if it is None."""
        return inside(self.values, path)

    def nodes(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(dotted path, dict) of every dict at or below a path."""
        return dicts(self.get(path), path)
