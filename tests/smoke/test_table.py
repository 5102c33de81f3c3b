"""Which framework a config is for, from its text alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dataforge.errors import InputError, MissingDependencyError, UsageError
from dataforge.frameworks import detect as _table
from dataforge.frameworks.detect import FRAMEWORKS, framework_of, get_framework


def config(folder: Path, text: str, name: str = "config.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that has no framework."""

    def none() -> str:
        raise UsageError("none")

    monkeypatch.setattr(_table, "installed_framework", none)


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
        ("def main():\n    from torchvision.models import detection\n", "torchvision"),
        ("raise SystemExit('never run')\ndata = {}", "mmdet2"),
        ("data = {{_base_.data}}", "mmdet2"),  # mmcv's own templates are Python as well
        ("data = dict(\n", "mmdet2"),  # what does not parse is told by its lines
    ],
)
def test_a_config_tells_its_framework(tmp_path: Path, text: str, framework: str) -> None:
    assert framework_of(config(tmp_path, text)) == framework


@pytest.mark.usefixtures("bare")
def test_configs_that_are_no_python(tmp_path: Path) -> None:
    assert framework_of(config(tmp_path, '{"model": {}, "data": {}}', "a.json")) == "mmdet2"
    assert framework_of(config(tmp_path, "model:\ntrain_dataloader:\n", "a.yaml")) == "mmdet3"


@pytest.mark.usefixtures("bare")
def test_bases_tell_what_a_config_leaves_unsaid(tmp_path: Path) -> None:
    base = config(tmp_path, "_base_ = ['c.py', 'gone.py']", "base/b.py")
    config(tmp_path, "_base_ = '../child.py'\nval_evaluator = dict()", "base/c.py")
    child = config(tmp_path, "_base_ = 'base/b.py'\nmodel = dict()", "child.py")
    assert framework_of(child) == "mmdet3"
    assert framework_of(config(tmp_path, f"_base_ = {str(base)!r}", "other.py")) == "mmdet3"
    # What a config says itself goes before its bases.
    assert framework_of(config(tmp_path, "_base_ = 'base/b.py'\nrunner = 1", "old.py")) == "mmdet2"


def test_a_config_that_tells_nothing_is_of_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_table, "installed_framework", lambda: "torchvision")
    assert framework_of(config(tmp_path, "model = 3")) == "torchvision"


@pytest.mark.usefixtures("bare")
def test_a_config_that_nothing_tells_of(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="none of mmdet2, mmdet3, torchvision is"):
        framework_of(config(tmp_path, "model = 3"))


def test_a_config_of_two_frameworks(tmp_path: Path) -> None:
    path = config(tmp_path, "data = dict()\ntrain_dataloader = dict()")
    with pytest.raises(InputError, match=r"config\.py speaks of mmdet2 and mmdet3"):
        framework_of(path)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_adapter_offers_the_same(name: str) -> None:
    adapter = get_framework(name)
    assert all(isinstance(package, str) for package in adapter.PACKAGES)
    assert all(callable(getattr(adapter, verb)) for verb in ("require", "prepare", "load"))


def test_an_unknown_framework() -> None:
    with pytest.raises(UsageError, match="no framework 'mmdet4'"):
        get_framework("mmdet4")
