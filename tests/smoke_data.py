"""A registered dataset to break, for the smoke tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dataforge import register


class Registered(NamedTuple):
    """A dataset's folder and the training config made for it."""

    root: Path
    config: Path

    def broken(self, folder: Path, name: str = "broken") -> Path:
        """A copy of the data, to be damaged."""
        copy = folder / name
        shutil.copytree(self.root, copy)
        return copy

    def config_for(self, root: Path, **changes: Any) -> Path:
        """The same config over other data, with other changes."""
        splits = {split: {"data_root": str(root)} for split in ("train", "val", "test")}
        changes["data"] = {
            split: {**splits[split], **changes.get("data", {}).get(split, {})} for split in splits
        }
        path = root.parent / f"{root.name}_config.py"
        lines = [f"{key} = {value!r}" for key, value in changes.items()]
        path.write_text("\n".join([f"_base_ = {str(self.config)!r}", *lines]) + "\n")
        return path


def register_here(name: str, root: Path, out: Path, **request: Any) -> Registered:
    """Register for this process alone: the path file goes into a folder that Python never reads."""
    with pytest.MonkeyPatch.context() as patch:
        out.mkdir(parents=True, exist_ok=True)
        patch.setattr(register, "site_folders", lambda python=None: [out.parent])
        plan = register.plan(register.Request(name=name, root=str(root), out=str(out), **request))
        assert not plan.failed
        register.apply(plan)
    return Registered(root, plan.out / plan.config)


Edit = Callable[[dict[str, Any]], None]


def edit_json(root: Path, *edits: Edit, splits: tuple[str, ...] = ("train", "val")) -> None:
    """Change the COCO files of some splits."""
    for split in splits:
        path = root / "annotations" / f"instances_{split}.json"
        content = json.loads(path.read_text("utf-8"))
        for edit in edits:
            edit(content)
        path.write_text(json.dumps(content), "utf-8")
