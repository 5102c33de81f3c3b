"""Generated dataset classes as a training process meets them: imported, configured, built.

mmdet's registry, its `get_classes` and `sys.modules` live as long as the test run, so every
dataset here gets a name of its own.
"""

from __future__ import annotations

import ast
import importlib
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dataforge.frameworks import (
    PYTHON_FOLDER,
    DatasetSpec,
    PlannedFile,
    SplitSpec,
    TrainSpec,
    choose_frameworks,
    package_files,
)
from dataforge.io import write_text
from dataforge.models import source_text
from dataforge.verbs.register import Plan, Request, plan

SOURCES = ("detection", "detnet", "res2net", "parts")
"""Files of `dataforge.models` that are copied into packages."""

READING = {
    "array", "collections", "contextlib", "hashlib", "json", "logging", "math", "os", "PIL", "re",
    "stat", "sys", "tempfile", "time", "unicodedata", "xml", "zlib",
}  # fmt: skip
"""What annotations.py and index.py import for XML files: the standard library, and Pillow."""

PARTS = ("face", "person", "hand")

HUMANPARTS = DatasetSpec(
    name="HumanParts",
    class_name="HumanPartsDataset",
    key="humanparts",
    package="humanparts_dataset",
    aliases=("humanparts", "HumanParts", "human_parts", "privpersonpart"),
    format="voc",
    root="/data/HumanParts",
    classes=PARTS,
    spellings={name: name for name in PARTS},
    ignore_case=True,
    splits={
        use: SplitSpec(
            ann_file=f"ImageSets/privpersonpart_{of}.txt",
            images="Images",
            annotations="Annotations",
        )
        for use, of in (("train", "train"), ("val", "val"), ("test", "val"))
    },
    train_images=12_000,
    extensions=(".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"),
    coords="zero",
)
LABELMEPARTS = DatasetSpec(
    name="LabelmeParts",
    class_name="LabelmePartsDataset",
    key="labelmeparts",
    package="labelmeparts_dataset",
    aliases=("labelmeparts", "LabelmeParts", "labelme_parts"),
    format="coco",
    root="/data/coco",
    classes=PARTS,
    spellings={"face": "face", "head": "face", "person": "person", "hand": "hand"},
    ignore_case=False,
    splits={
        use: SplitSpec(ann_file=f"annotations/instances_{of}.json", images="images")
        for use, of in (("train", "train"), ("val", "val"), ("test", "val"))
    },
    train_images=40,
    has_masks=True,
)

_numbers = itertools.count(1)


def unique(name: str = "Made") -> str:
    """A dataset's name that no other test has."""
    return f"{name}{next(_numbers)}"


def spec(name: str, **changes: Any) -> DatasetSpec:
    """A VOC dataset of two classes, written by hand."""
    key = name.lower()
    fields: dict[str, Any] = {
        "name": name,
        "class_name": f"{name}Dataset",
        "key": key,
        "package": f"{key}_dataset",
        "aliases": (key, name),
        "format": "voc",
        "root": "/data/set",
        "classes": ("cat", "dog"),
        "spellings": {"cat": "cat", "dog": "dog"},
        "ignore_case": False,
        "splits": {
            use: SplitSpec(ann_file=f"{use}.txt", images="Images", annotations="Annotations")
            for use in ("train", "val", "test")
        },
        "extensions": (".jpg", ".png"),
        **changes,
    }
    return DatasetSpec(**fields)


def write_files(folder: Path, files: Iterable[PlannedFile], patch: pytest.MonkeyPatch) -> None:
    """The planned files below a folder, their packages importable until the test ends."""
    for file in files:
        write_text(folder / file.path, file.text)
    patch.syspath_prepend(folder / PYTHON_FOLDER)


class Made:
    """A registered dataset: its plan, its config as mmcv reads it, its module."""

    def __init__(self, planned: Plan, patch: pytest.MonkeyPatch) -> None:
        from mmcv import Config

        self.plan = planned
        write_files(planned.out, planned.files, patch)
        (target,) = planned.targets
        self.config = Config.fromfile(str(planned.out / target.config))
        self.module: ModuleType = importlib.import_module(target.module)

    def dataset(self, use: str = "train", **changes: Any) -> Any:
        """The dataset that mmdet builds; `train` in train mode, the others in test mode."""
        from mmdet.datasets import build_dataset

        test_mode = {} if use == "train" else {"test_mode": True}
        return build_dataset({**self.config.data[use], **changes}, test_mode)

    def boxes(self, use: str = "train", **changes: Any) -> list[list[list[float]]]:
        """The boxes of every image, in the order of the dataset."""
        dataset = self.dataset(use, **changes)
        return [dataset.get_ann_info(i)["bboxes"].tolist() for i in range(len(dataset))]


def planned(
    folder: Path,
    *,
    name: str = "",
    framework: str = "mmdet2",
    split: str | None = None,
    also_known_as: tuple[str, ...] = (),
    layout: str | None = None,
    **flags: Any,
) -> Plan:
    """A folder's registration, to be written beside the folder.

    Args:
        flags: fields of `TrainSpec`; all others are rules of the layout.
    """
    name = name or unique()
    train = {key: flags.pop(key) for key in [*flags] if key in TrainSpec.__struct_fields__}
    request = Request(
        name=name,
        root=str(folder),
        layout=layout,
        flags=flags,
        split=split,
        also_known_as=also_known_as,
        frameworks=(framework,),
        train=TrainSpec(**train),
        out=str(folder.parent / f"{folder.name}_as_{name}"),
    )
    return plan(request)


def made(folder: Path, patch: pytest.MonkeyPatch, **options: Any) -> Made:
    """Plan a folder's registration for mmdet 2, write it beside the folder, and read its config."""
    return Made(planned(folder, **options), patch)


def truth(dataset: Any) -> list[list[np.ndarray[Any, Any]]]:
    """Detections that are the ground truth itself, each with a score of 1."""
    results = []
    for i in range(len(dataset)):
        annotation = dataset.get_ann_info(i)
        scored = np.hstack([annotation["bboxes"], np.ones((len(annotation["bboxes"]), 1))])
        results.append(
            [
                scored[annotation["labels"] == label].astype(np.float32)
                for label in range(len(dataset.CLASSES))
            ]
        )
    return results


def render(dataset: DatasetSpec, framework: str = "mmdet2", **given: Any) -> dict[str, str]:
    """Path -> text of what is generated for a framework, the package's common part among it.

    Args:
        given: fields of `TrainSpec`, and options that the framework has for itself.
    """
    train = {name: value for name, value in given.items() if name in TrainSpec.__struct_fields__}
    own = {name: value for name, value in given.items() if name not in train}
    (chosen,) = choose_frameworks([framework], options=own)
    spec_ = TrainSpec(**train)
    chosen.check(dataset, spec_)
    files = [*package_files(dataset), *chosen.render_files(dataset, spec_)]
    return {file.path: file.text for file in files}


def about_the_network(files: dict[str, str], dataset: DatasetSpec) -> dict[str, str]:
    """The training config, and what registers its network; not what is a copy, or as ever."""
    kept = {
        path: text
        for path, text in files.items()
        if f"/{dataset.key}/" in path or path.endswith(tuple(f"_{name}.py" for name in SOURCES))
    }
    copies = {path: Path(path).stem for path in files if Path(path).stem in SOURCES}
    assert copies
    for path, name in copies.items():
        first, _, rest = files[path].partition("\n")
        assert first.startswith("# Made by dataforge, ")
        assert rest == source_text(name)
    return kept


def check_golden(folder: Path, files: dict[str, str]) -> None:
    """The files are those of a golden tree, byte for byte, and no others.

    `DATAFORGE_UPDATE_GOLDEN=1 pytest tests/frameworks` writes the trees anew: read the diff.
    """
    if os.environ.get("DATAFORGE_UPDATE_GOLDEN") == "1":
        for path in [*folder.rglob("*.py")]:
            path.unlink()
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode())
    golden = {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files.keys() == golden.keys()
    for name, text in files.items():
        assert text == golden[name], name


def check_code(path: str, text: str, allowed: set[str], floor: tuple[int, int]) -> None:
    """A generated file is tidy, imports no other packages, and an old Python can read it."""
    compile(text, path, "exec")
    tree = ast.parse(text, path, feature_version=floor)
    assert {name.split(".")[0] for name in _imported(tree)} <= allowed, path
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\t" not in text
    assert not any(line != line.rstrip() for line in text.splitlines()), path
    assert "\n\n\n\n" not in text, path


def _imported(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all modules that a file imports, those of its own package apart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            module = f"{'.' * node.level}{node.module}"
            known = {".annotations", ".index", *(f".{name}" for name in SOURCES)}
            assert module in known or module.startswith(".._base_.datasets."), module
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
