"""The interface of a framework: one subclass of `Framework` in its own folder, and one table row.

mmdet3/__init__.py   FRAMEWORK, which the row names
       generate.py   its `Framework`: validation and code generation
       smoke.py      its `Adapter`, imported when a config is smoke-tested
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from dataforge.frameworks.adapter import Adapter
from dataforge.frameworks.spec import DatasetSpec, PlannedFile, TrainSpec, find_base
from dataforge.io import convert_options
from dataforge.mmconfig import Signs


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Options specific to one framework; a subclass has a field for each.

    A field is a string, a number, a bool or a Literal, and has a default;
    ``Annotated[..., msgspec.Meta(description=...)]`` is its text in `dataforge register --help`.
    """


@dataclass(frozen=True)
class Framework(ABC):
    """A training framework with its options.

    Attributes:
        options: the framework's own options.
        name: name of its table row, also used for the generated modules and folders.
        title: name in messages, such as ``mmdetection 3``.
        packages: distribution -> prefix of its version; any one of them must be installed.
        needs: installation requirements, in words.
        imports: packages that training imports, each after those that it needs itself; those
            that `dataforge doctor` knows are tried by it.
        bases: detector -> its learning rate for 8 GPUs x 2 images, in the framework's own configs.
        signs: features that identify a config as one for this framework.
        trainer: stock script that trains a config; empty if the generated script trains.
        reserved: names that it has itself, of datasets and of their classes.
        has_get_classes: supports a dataset's aliases, through mmdetection's `get_classes`.
    """

    options: Options = field(default_factory=Options)

    name: ClassVar[str]
    title: ClassVar[str]
    packages: ClassVar[Mapping[str, str]]
    needs: ClassVar[str]
    imports: ClassVar[tuple[str, ...]] = ()
    bases: ClassVar[Mapping[str, float]]
    signs: ClassVar[Signs]
    trainer: ClassVar[str] = ""
    reserved: ClassVar[frozenset[str]] = frozenset()
    has_get_classes: ClassVar[bool] = False

    @abstractmethod
    def check(self, dataset: DatasetSpec, train: TrainSpec) -> None:
        """Reject what the framework does not support, before anything is written.

        Raises:
            UsageError: a name or option is invalid.
            OutputError: a path is invalid.
        """

    @abstractmethod
    def render_files(self, dataset: DatasetSpec, train: TrainSpec) -> list[PlannedFile]:
        """The generated files, in addition to those of `package_files` for every framework.

        A module is importable if it is a file of `dataset.folder`.
        """

    @abstractmethod
    def config_path(self, dataset: DatasetSpec, train: TrainSpec) -> str:
        """The training config or script among the files, relative to the output folder.

        A script has a folder of its own: Python searches it for what the script imports.
        """

    def notes(self, train: TrainSpec) -> tuple[str, ...]:
        """What to tell about the training settings, one sentence each."""
        return ()

    @abstractmethod
    def adapter(self) -> Adapter:
        """The adapter for smoke runs; does not import the framework yet."""

    def detector(self, train: TrainSpec) -> str:
        """The detector to train, as this framework spells it.

        Raises:
            UsageError: the framework has none of that name.
        """
        return find_base(train.base, self.bases)

    def module_name(self, dataset: DatasetSpec) -> str:
        """The module that the config imports."""
        return f"{dataset.package}.{self.name}"

    def is_installed(self, versions: Mapping[str, str]) -> bool:
        """Whether the framework is installed, given the distributions of a Python.

        Args:
            versions: distribution name in lower case -> version.
        """
        return any(
            name in versions and versions[name].startswith(start)
            for name, start in self.packages.items()
        )

    def option_names(self) -> tuple[str, ...]:
        """The names of the framework's own options, with underscores."""
        return self.options.__struct_fields__

    def with_options(self, given: Mapping[str, object]) -> Framework:
        """The same framework with some of its own options set.

        Args:
            given: option -> value.

        Raises:
            UsageError: there is no such option, or a value is invalid.
        """
        options = convert_options(type(self.options), given, f"for {self.name}")
        return dataclasses.replace(self, options=options)
