"""Which framework a config is for, from its text alone: the same answer to `check` and `smoke`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dataforge.errors import InputError, MissingDependencyError, UsageError
from dataforge.frameworks import config_signs, framework_of, get_framework, table
from dataforge.mmconfig import Config
from dataforge.verbs.check import check

GENERATION = {"mmdet2": 2, "mmdet3": 3}


def config(folder: Path, text: str, name: str = "config.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def told(path: Path) -> str:
    """What `smoke` takes it for, when `check` has said the same."""
    framework = framework_of(path)
    if path.suffix == ".py":
        assert check(str(path)).how[0].startswith(f"a config for {framework.title}, ")
        generation = Config(ast.parse(path.read_bytes()), path, config_signs()).generation
        assert generation == GENERATION.get(framework.name, 0)
    return framework.name


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that has no framework."""

    def none() -> str:
        raise UsageError("none")

    monkeypatch.setattr(table, "installed_framework", none)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("text", "framework"),
    [
        ("data = dict(train=dict())\nmodel = dict()", "mmdet2"),
        ("import mmdet\nrunner = dict(max_epochs=3)", "mmdet2"),
        ("train_dataloader = dict()", "mmdet3"),
        ("optimizer = dict(lr=1)\noptim_wrapper = dict(optimizer=optimizer)", "mmdet3"),
        ("train_cfg = dict(rpn=dict())\nlr_config = dict()", "mmdet2"),  # as in 2019
        (
            "from mmengine.config import read_base\nwith read_base():\n    from .a import *",
            "mmdet3",
        ),
        ("_base_ = 'mmdet::_base_/default_runtime.py'", "mmdet3"),
        ("custom_imports = dict(imports=['parts_dataset.mmdet2'])", "mmdet2"),
        ("custom_imports = dict(imports=['parts_dataset.mmdet3'])", "mmdet3"),
        ("custom_imports = dict(imports='parts_dataset.mmdet3')", "mmdet3"),
        ("def main():\n    from torchvision.models import detection\n", "torchvision"),
        ("import torchvision\ndata = 3\n", "torchvision"),
        ("raise SystemExit('never run')\ndata = {}", "mmdet2"),
        ("data = {{_base_.data}}", "mmdet2"),  # mmcv's own templates are Python as well
    ],
)
def test_a_config_tells_its_framework(tmp_path: Path, text: str, framework: str) -> None:
    assert told(config(tmp_path, text)) == framework


@pytest.mark.usefixtures("bare")
def test_configs_that_are_not_python(tmp_path: Path) -> None:
    assert told(config(tmp_path, '{"model": {}, "data": {}}', "a.json")) == "mmdet2"
    assert told(config(tmp_path, "model:\ntrain_dataloader:\n", "a.yaml")) == "mmdet3"
    # What does not parse is told by its lines.
    assert framework_of(config(tmp_path, "data = dict(\n")) is get_framework("mmdet2")


@pytest.mark.usefixtures("bare")
def test_framework_is_inferred_from_bases(tmp_path: Path) -> None:
    base = config(tmp_path, "_base_ = ['c.py', 'gone.py']", "base/b.py")
    config(tmp_path, "_base_ = '../child.py'\nval_evaluator = dict()", "base/c.py")
    child = config(tmp_path, "_base_ = 'base/b.py'\nmodel = dict()", "child.py")
    assert framework_of(child).name == "mmdet3"
    config(tmp_path, "val_evaluator = dict()", "base/c.py")  # without going round in a circle
    assert told(child) == "mmdet3"
    assert told(config(tmp_path, f"_base_ = {str(base)!r}", "other.py")) == "mmdet3"
    put_together = "import os.path as osp\n_base_ = osp.join('base', 'b.py')"
    assert told(config(tmp_path, put_together, "joined.py")) == "mmdet3"
    # What a config says itself goes before its bases.
    assert told(config(tmp_path, "_base_ = 'base/b.py'\nrunner = 1", "old.py")) == "mmdet2"


def test_undetermined_config_uses_the_installed_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "installed_framework", lambda: "torchvision")
    path = config(tmp_path, "model = 3")
    assert framework_of(path) is get_framework("torchvision")
    assert check(str(path)).how[0].startswith("a config for an unknown framework, ")


@pytest.mark.usefixtures("bare")
def test_framework_that_cannot_be_determined(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="none of mmdet2, mmdet3, torchvision is"):
        framework_of(config(tmp_path, "model = 3"))


def test_a_config_of_two_frameworks(tmp_path: Path) -> None:
    path = config(tmp_path, "data = dict()\ntrain_dataloader = dict()")
    for verb in (framework_of, lambda path: check(str(path))):
        with pytest.raises(InputError, match=r"config\.py mentions mmdet2 and mmdet3"):
            verb(path)
