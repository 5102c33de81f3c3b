"""All configs that an mmdetection ships, read as mmcv or mmengine reads them, and checked.

Where mmdetection is installed; CONTRIBUTING.md has the command for each generation.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dataforge.errors import InputError
from dataforge.mmconfig import (
    DATASETS,
    EVALUATES,
    METRICS,
    MODELS,
    Accepts,
    Config,
    Imported,
    find_module,
)
from dataforge.verbs.check import check

mmdet = find_module("mmdet")
if mmdet is None or mmdet.folder is None:
    pytest.skip("no mmdetection", allow_module_level=True)
CONFIGS = mmdet.folder / ".mim" / "configs"
GENERATION = 3 if find_module("mmengine") else 2
FILES = sorted(CONFIGS.rglob("*.py"))
pytestmark = [
    pytest.mark.mmdet3 if GENERATION == 3 else pytest.mark.mmdet,
    pytest.mark.filterwarnings("ignore"),
]

SCRIPTS = {"override_category.py"}
"""Beside the configs."""

# They do not load: another project is not installed, or a base that mmdetection forgot to ship.
UNLOADABLE = {
    "cspnext-l_8xb256-rsb-a1-600e_in1k.py",
    "cspnext-m_8xb256-rsb-a1-600e_in1k.py",
    "cspnext-s_8xb256-rsb-a1-600e_in1k.py",
    "cspnext-tiny_8xb256-rsb-a1-600e_in1k.py",
    "cspnext-x_8xb256-rsb-a1-600e_in1k.py",
    "bytetrack_yolox_x_8xb4-amp-80e_crowdhuman-mot17halftrain_test-mot17test.py",
    "faster-rcnn_r50_fpn_8xb2-4e_mot17train_test-mot17train.py",
    "faster-rcnn_r50_fpn_8xb2-8e_mot20halftrain_test-mot20halfval.py",
    "faster-rcnn_r50_fpn_8xb2-8e_mot20train_test-mot20train.py",
}


def reference(file: Path) -> dict[str, Any]:
    """What mmcv or mmengine reads."""
    if GENERATION == 3:
        from mmengine.config import Config as Mmengine

        read: dict[str, Any] = Mmengine.fromfile(file, import_custom_modules=False).to_dict()
        return read
    from mmcv import Config as Mmcv

    return dict(Mmcv.fromfile(file, import_custom_modules=False)._cfg_dict)


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Where two values differ, in type as well."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key in sorted({*ours, *theirs}, key=str):
            if key in ours and key in theirs:
                yield from differences(ours[key], theirs[key], f"{where}.{key}")
            elif not isinstance(ours.get(key), Imported):  # a module, which neither keeps
                yield f"{where}.{key}: in one alone"
    elif isinstance(ours, (list, tuple)) and type(ours) is type(theirs):
        if len(ours) != len(theirs):
            yield f"{where}: {len(ours)} items, not {len(theirs)}"
        for place, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(one, other, f"{where}[{place}]")
    elif ours != theirs or (type(ours) is not type(theirs) and not isinstance(ours, str)):
        yield f"{where}: {ours!r}, not {theirs!r}"


def test_every_value_is_read_as_the_framework_reads_it() -> None:
    assert len(FILES) == {2: 666, 3: 869}[GENERATION]
    wrong = {}
    for file in FILES:
        if file.name in SCRIPTS | UNLOADABLE:
            continue
        config = Config(ast.parse(file.read_bytes()), file)
        if found := [*differences(config.values, reference(file))]:
            wrong[file.name] = found[:3]
        assert not config.faults, file
    assert wrong == {}


def test_nothing_is_said_of_a_stock_config_but_its_data_and_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    odd = {}
    for file in FILES:
        if file.name in SCRIPTS:
            with pytest.raises(InputError, match="not a training config: it is a script"):
                check(str(file))
            continue
        codes = {finding.code for finding in check(str(file)).findings}
        if more := codes - {"path-missing", "learning-rate"}:
            odd[file.name] = more
    assert odd == {}


TRICKS = {
    "lists_merged_by_delete": (
        "_base_ = 'base.py'\n"
        "model = dict(heads=dict(_delete_=True, a=1), new=dict(_delete_=True))\n"
    ),
    "templates": (
        "_base_ = ['base.py']\nname = '{{ fileBasenameNoExtension }}'\n"
        "data = dict(a={{_base_.model.n}}, b=[{{ _base_.model }}])\n"
    ),
    "loops": (
        "_base_ = 'base.py'\nkeys = {f'a.{i}.{j}': i for i, n in enumerate((2, 1)) "
        "for j in range(n)}\nfor i in range(2):\n    keys.update({f'b.{i}': dict(n=i)})\n"
        "data = dict(keys=keys, last=[1, 2, 3][-2:], power=2 ** (1 / 3))\n"
    ),
    "yaml_base": "_base_ = 'more.yaml'\nmodel = dict(n=4)\n",
    "json_base": "_base_ = 'more.json'\nmodel = dict(n=4)\n",
    "deprecated": "_base_ = 'base.py'\n_deprecation_ = dict(expected='b.py')\nmodel = dict(n=4)\n",
}
TRICKS_3 = {
    "changed_base": (
        "_base_ = 'base.py'\n_base_.model.update(dict(deep=dict(b=2)))\nmodel = _base_.model\n"
        "model.deep.c = dict(d=1)\nother = _base_.model.pop('n')\ndel _base_.gone\n"
        "_base_.model.heads[0].a = 5\n"
    ),
    "environment": (
        "_base_ = 'base.py'\ndata = dict(a='{{$NOT_SET_HERE:x}}/b', n={{'$NOT_SET:7'}})\n"
    ),
    "lazy": (
        "import torch.nn as nn\nfrom torch.optim import SGD as Optimiser\n"
        "from mmengine.config import read_base\nwith read_base():\n"
        "    from .lazy_base import *\n    from .lazy_base import _private as public\n"
        "model.update(dict(deep=dict(b=2)))\nmodel.deep.c = 3\n"
        "optim_wrapper = dict(optimizer=dict(type=Optimiser), norm=nn.BatchNorm2d)\n"
    ),
}


@pytest.mark.parametrize("name", [*TRICKS, *(TRICKS_3 if GENERATION == 3 else ())])
def test_what_configs_may_do(tmp_path: Path, name: str) -> None:
    base = "model = dict(n=3, heads=[dict(a=0)], deep=dict(a=1))\ngone = 1\n"
    (tmp_path / "base.py").write_text(base)
    (tmp_path / "lazy_base.py").write_text("_private = 2\nmodel = dict(n=3, deep=dict(a=1))\n")
    (tmp_path / "more.yaml").write_text("_base_: base.py\nx: {{_base_.model.n}}\ny: [1, 2.5, a]\n")
    more = {"_base_": ["base.py"], "y": {"a": [1, None]}, "z": "{{ fileBasename }}"}
    (tmp_path / "more.json").write_text(json.dumps(more))
    file = tmp_path / "config.py"
    file.write_text((TRICKS | TRICKS_3)[name])
    config = Config(ast.parse(file.read_bytes()), file)
    assert [*differences(config.values, reference(file))] == []
    assert config.is_complete


# What classes accept ----------------------------------------------------------------------------


def accepts(kind: type) -> Accepts:
    """The keyword arguments of a class, through ``**kwargs`` up to the class that ends it."""
    found: dict[str, bool] = {}
    for one in kind.__mro__:
        if "__init__" not in one.__dict__ or one is object:
            continue
        parameters = [*inspect.signature(one.__init__).parameters.values()][1:]
        kinds = [parameter.kind for parameter in parameters]
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                found.setdefault(parameter.name, parameter.default is parameter.empty)
        if inspect.Parameter.VAR_KEYWORD not in kinds:
            break
    return Accepts(frozenset(found), frozenset(name for name, needed in found.items() if needed))


def test_the_table_of_datasets_and_metrics() -> None:
    if GENERATION == 3:
        import mmdet.evaluation
        import mmengine.registry
        from mmdet.registry import DATASETS as REGISTRY
        from mmdet.registry import METRICS as METRIC_REGISTRY

        kinds = {**mmengine.registry.DATASETS.module_dict, **REGISTRY.module_dict}
        theirs = METRIC_REGISTRY.module_dict
        metrics = {name: accepts(kind) for name, kind in theirs.items() if name in METRICS}
        assert {name: row for name, row in METRICS.items() if name in metrics} == metrics
        assert mmdet.evaluation
        assert metrics.keys() >= METRICS.keys() - {"DumpResults"}
    else:
        from mmdet.datasets import DATASETS as REGISTRY

        kinds = REGISTRY.module_dict
        for name, row in EVALUATES.items():
            parameters = [*inspect.signature(kinds[name].evaluate).parameters]
            assert row.names == set(parameters[2:]), name
    rows = {name: row for name, row in DATASETS[GENERATION].items() if name in kinds}
    assert rows == {name: accepts(kinds[name]) for name in rows}
    # Other tests have registered generated classes.
    shipped = {name for name, kind in kinds.items() if kind.__module__.startswith("mm")}
    assert shipped - rows.keys() <= {"BaseDataset"}


def test_the_table_of_parts_of_models() -> None:
    import mmdet.models

    if GENERATION == 3:
        from mmdet.models.task_modules import AnchorGenerator
    else:
        from mmdet.core.anchor import AnchorGenerator
    kinds = {**vars(mmdet.models), "AnchorGenerator": AnchorGenerator}
    found = {name: accepts(kinds[name]) for name in MODELS}
    if GENERATION == 3:  # which mmdetection 2 does not have
        names, needed = found["AnchorGenerator"]
        found["AnchorGenerator"] = Accepts(names - {"use_box_type"}, needed)
    assert found == MODELS
