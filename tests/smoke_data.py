"""A registered dataset to break, for the smoke tests of every framework."""

from __future__ import annotations

import importlib.util
import itertools
import json
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from helpers import redirect_registrations

from dataforge.verbs import register
from dataforge.verbs.smoke import smoke
from dataforge.verbs.smoke.report import SmokeOptions, SmokeReport

SPLITS = ("train", "val", "test")


def _has_mmdet(generation: str) -> bool:
    try:
        return metadata.version("mmdet").startswith(generation)
    except metadata.PackageNotFoundError:
        return False


def _there(framework: str) -> bool:
    if framework == "torchvision":
        return importlib.util.find_spec("torchvision") is not None
    return _has_mmdet(framework[-1])


def _param(framework: str, mark: pytest.MarkDecorator) -> Any:
    missing = pytest.mark.skipif(not _there(framework), reason=f"{framework} is not installed")
    return pytest.param(framework, marks=[mark, missing])


EVERY = [
    _param("mmdet2", pytest.mark.mmdet),
    _param("mmdet3", pytest.mark.mmdet3),
    _param("torchvision", pytest.mark.torchvision),
]
every = pytest.mark.parametrize("framework", EVERY)
"""Once in each framework, those that are not installed skipped."""


class Registered(NamedTuple):
    """A dataset's folder, and the training config or script made for it in one framework."""

    root: Path
    config: Path
    framework: str

    def broken(self, folder: Path, name: str = "broken") -> Path:
        """A copy of the data, to be damaged."""
        copy = folder / name
        shutil.copytree(self.root, copy)
        return copy

    def config_for(self, root: Path, /, **changes: Any) -> Path:
        """The same config over other data; of mmdet, with other changes."""
        return _OVER[self.framework](self.config, root, changes)


def _mmdet2_over(config: Path, root: Path, changes: dict[str, Any]) -> Path:
    changes["data"] = {
        split: {"data_root": str(root), **changes.get("data", {}).get(split, {})}
        for split in SPLITS
    }
    return _child(config, root, changes)


def _child(config: Path, root: Path, changes: dict[str, Any]) -> Path:
    path = root.parent / f"{root.name}_config.py"
    lines = [f"{key} = {value!r}" for key, value in changes.items()]
    path.write_text("\n".join([f"_base_ = {str(config)!r}", *lines]) + "\n")
    return path


def _mmdet3_over(config: Path, root: Path, changes: dict[str, Any]) -> Path:
    for split in SPLITS:
        dataset = {"data_root": str(root)}
        changes[f"{split}_dataloader"] = {
            "dataset": dataset,
            **changes.get(f"{split}_dataloader", {}),
        }
    return _child(config, root, changes)


def _torchvision_over(config: Path, root: Path, changes: dict[str, Any]) -> Path:
    """A copy of what was made, under a package name that Python has not imported yet.

    Args:
        changes: text -> what to put in its place.
    """
    folder = root.parent / f"{root.name}_registered"
    made = config.parents[3]
    (package,) = (made / "python").glob("*_dataset")
    (path,) = (line for line in _made(package) if line.startswith("ROOT = "))
    fresh = f"{package.name}_{next(_numbers)}"
    shutil.copytree(made, folder)
    (folder / "python" / package.name).rename(folder / "python" / fresh)
    sys.path.append(str(folder / "python"))  # as `register.apply` does
    edits = {package.name: fresh, path: f"ROOT = {str(root)!r}", **changes}
    for file in folder.rglob("*.py"):
        text = file.read_text("utf-8")
        for old, new in edits.items():
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
    return folder / config.relative_to(made)


def _made(package: Path) -> list[str]:
    return (package / "torchvision.py").read_text("utf-8").splitlines()


_OVER = {"mmdet2": _mmdet2_over, "mmdet3": _mmdet3_over, "torchvision": _torchvision_over}
_numbers = itertools.count(1)


def register_here(
    name: str, root: Path, out: Path, framework: str = "mmdet2", **request: Any
) -> Registered:
    """Register for this process alone: the path file goes into a folder that Python never reads."""
    with pytest.MonkeyPatch.context() as patch:
        out.mkdir(parents=True, exist_ok=True)
        redirect_registrations(patch, out.parent)
        wanted = register.Request(
            name=name, root=str(root), out=str(out), frameworks=(framework,), **request
        )
        plan = register.plan(wanted)
        assert not plan.failed
        register.apply(plan)
    return Registered(root, plan.out / plan.targets[0].config, framework)


Sample = Callable[[str, str], Registered]
"""(kind, framework) -> a sample, registered; the fixture `sample`."""

Edit = Callable[[dict[str, Any]], None]


def edit_json(root: Path, *edits: Edit, splits: tuple[str, ...] = ("train", "val")) -> None:
    """Change the COCO files of some splits."""
    for split in splits:
        path = root / "annotations" / f"instances_{split}.json"
        content = json.loads(path.read_text("utf-8"))
        for edit in edits:
            edit(content)
        path.write_text(json.dumps(content), "utf-8")


def preflight(config: Path) -> SmokeReport:
    """The report of a preflight, which is also the one that is written."""
    work_dir = config.parent / "smoke"
    options = SmokeOptions(work_dir=work_dir, device="cpu", preflight_only=True)
    report = smoke(config, options, lambda text: None)
    written = json.loads((work_dir / "smoke_report.json").read_text())
    assert written["verdict"] == report.verdict
    assert "ap50" in written
    return report


def refused(config: Path, codes: str | tuple[set[str], ...], *words: str) -> None:
    """Refused for this one reason (or one of these sets of reasons), in these words."""
    report = preflight(config)
    assert report.verdict == "refused"
    errors = [finding for finding in report.findings if finding.severity == "error"]
    wanted = ({codes},) if isinstance(codes, str) else codes
    assert {finding.code for finding in errors} in wanted, [str(error) for error in errors]
    for word in words:
        assert word in " ".join(report.reasons)
