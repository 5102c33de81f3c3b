"""Training configs resolved from their text, and what is said of those that `register` makes."""

from __future__ import annotations

import ast
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers import SAMPLE, redirect_registrations, run_convert, write

from dataforge.errors import ParseError
from dataforge.frameworks.spec import TrainSpec
from dataforge.mmconfig import UNKNOWN, Config, find_module, installed, merged, unwrapped
from dataforge.verbs.check import check
from dataforge.verbs.register import Request, apply, plan


def config_of(folder: Path, text: str, **others: str) -> Config:
    """A config beside other files, ``base='...'`` being base.py."""
    for name, content in others.items():
        write(folder / f"{name}.py", content)
    return Config(ast.parse(text), write(folder / "config.py", text))


# Values -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x = dict(a=1, **dict(b=[2, (3,)]))", {"a": 1, "b": [2, (3,)]}),
        ("a = 'data/'; x = a + 'train.json'", "data/train.json"),
        ("import os.path as osp; x = osp.join('a', 'b')", "a/b"),
        ("from os.path import join; x = join('a', 'b')", "a/b"),
        ("a = 3; x = f'{a}.png'", "3.png"),
        ("x = [dict(n=i) for i in range(2)]", [{"n": 0}, {"n": 1}]),
        ("x = {k: len(k) for k in ('a', 'bc')}", {"a": 1, "bc": 2}),
        ("x = 0.02 * 2 / 16", 0.0025),
        ("a, b = 1, 2; x = -b if a else b", -2),
        ("a = dict(b=dict(c=1)); a['b']['c'] = 2; x = a['b']", {"c": 2}),
        ("x = dict(a=1); x.update(dict(b=2))", {"a": 1, "b": 2}),
        ("x = [1]; x += [2]", [1, 2]),
        ("import copy; a = dict(b=[1]); x = copy.deepcopy(a); a['b'] = 2", {"b": [1]}),
        ("x = dict(a=open('f'), b=1)", {"a": UNKNOWN, "b": 1}),
        ("x = dict(a=1); x.pop('a')", {}),
        ("x = [1]; x.append(2); x.insert(0, 3)", [3, 1, 2]),
        ("x = dict(a=1); x.update(b=2, **dict(c=3))", {"a": 1, "b": 2, "c": 3}),
        ("x = dict(a=1); x.popitem()", UNKNOWN),
        ("x = dict(a=1); change(x)", UNKNOWN),
        ("x = 1\nif y:\n    x = 2", UNKNOWN),
        ("x = 2\ndel x", None),
        ("x = dict(a=1, b=2)\ndel x['a']", {"b": 2}),
        ("x = 1\nif x == 1:\n    x = 2", 2),
        ("x = []\nfor i in range(2):\n    x += [i]", [0, 1]),
        ("x = [(i, j) for i in (0, 1) for j in (2, 3) if i + j > 2]", [(0, 3), (1, 2), (1, 3)]),
        ("x = 'data/{}.json'.format('a')", "data/a.json"),
        ("x = '{{ fileBasenameNoExtension }}/a'", "config/a"),
        ("x = {'a', 'b'}", {"a", "b"}),
        ("x = [1, 2, 3][-2:]", [2, 3]),
        ("x = [y := 1, y]", [1, 1]),
        ("x = dict(**y)", UNKNOWN),
        ("x = [i for i in y]", UNKNOWN),
        ("x = 1 / 0", UNKNOWN),
        ("x = [0, 1] * 2", [0, 1, 0, 1]),
        ("x = [0] * 2000", UNKNOWN),
        ("x = 9 ** 9", UNKNOWN),
        ("x = 'a' * 3", UNKNOWN),
    ],
)
def test_supported_expressions_are_evaluated(tmp_path: Path, text: str, value: Any) -> None:
    assert config_of(tmp_path, text).get("x") == value


def test_bases_are_merged_as_mmcv_merges_them(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "_base_ = ['./one.py', 'two.py']\n"
        "a = dict(b=dict(c=2), d=[3], e=dict(_delete_=True, f=4))\n"
        "g = {{_base_.g.h}}\n"
        "i = _base_.g\n",
        one="a = dict(b=dict(c=1, x=1), d=[1, 2], e=dict(y=1))\n",
        two="_base_ = 'three.py'\ng = dict(h=6)\n",
        three="g = dict(h=5, k=7)\n",
    )
    assert config.values == {
        "a": {"b": {"c": 2, "x": 1}, "d": [3], "e": {"f": 4}},
        "g": 6,
        "i": {"h": 6, "k": 7},
    }
    assert (config.is_complete, config.missing, config.own) == (True, [], {"_base_", "a", "g", "i"})
    assert merged({"a": {"_delete_": True, "b": 1}}, {"a": {"c": 1}}) == {"a": {"b": 1}}


def test_child_config_modifies_its_base(tmp_path: Path) -> None:
    text = (
        "_base_ = 'base.py'\n_base_.a.b = 2\n_base_.c = dict(d=1)\n_base_.e[0].f = 1\n"
        "a = dict(g=_base_.a.g + 1)\n"
    )
    config = config_of(tmp_path, text, base="a = dict(b=1, g=1)\nc = dict(x=1)\ne = [{}]\n")
    assert config.values == {"a": {"b": 2, "g": 2}, "c": {"d": 1}, "e": [{"f": 1}]}


def test_the_lazy_style(tmp_path: Path) -> None:
    text = (
        "from mmdet.datasets import CocoDataset\n"
        "with read_base():\n    from .base import *\n    from .base import _hidden as shown\n"
        "train_dataloader['dataset'].update(dict(type=CocoDataset))\n"
    )
    base = "_hidden = 3\ntrain_dataloader = dict(dataset=dict(ann_file='a.json'))\n"
    config = config_of(tmp_path, text, base=base)
    dataset = {"ann_file": "a.json", "type": "mmdet.datasets.CocoDataset"}
    assert config.get("train_dataloader.dataset") == dataset
    assert (config.get("shown"), config.get("_hidden"), config.generation) == (3, 3, 3)


def test_an_installed_package_is_found_and_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "some_mmdet"
    write(package / "__init__.py", "raise SystemExit('imported')\n")
    write(package / "part" / "__init__.py", "raise SystemExit('imported')\n")
    write(package / ".mim" / "configs" / "base.py", "x = 5\n")
    monkeypatch.syspath_prepend(str(package.parent))
    for base in (
        "osp.join(osp.dirname(some_mmdet.__file__), '.mim/configs/base.py')",
        "f\"{__import__('some_mmdet').__path__[0]}/.mim/configs/base.py\"",
        "'some_mmdet::base.py'",
    ):
        text = f"import os.path as osp\nimport some_mmdet\n_base_ = [{base}]\n"
        assert config_of(tmp_path, text).get("x") == 5
    assert find_module("some_mmdet.part") is not None
    assert find_module("some_mmdet.other") is None
    assert "some_mmdet" not in sys.modules


def test_keys_a_missing_base_may_set_are_unsettled(tmp_path: Path) -> None:
    """Two bases must not share a key, so a key in the known base is complete."""
    text = "_base_ = ['base.py', 'gone.py']\ndata = dict(b=2)\nmodel = dict(c=3)\n"
    config = config_of(tmp_path, text, base="data = dict(a=1)\n")
    assert config.get("data") == {"a": 1, "b": 2}
    assert (config.missing, config.is_complete) == (["gone.py"], False)
    assert (config.settled("data"), config.settled("model")) == (True, False)


def test_wrapped_datasets() -> None:
    inner = {"type": "A", "ann_file": ["x", "y"], "img_prefix": ["p", "q"]}
    config = {"times": 3, "dataset": {"datasets": [inner, {"type": "B"}, UNKNOWN]}}
    assert list(unwrapped(config, "d")) == [
        ("d.dataset.datasets[0]", 3, {"type": "A", "ann_file": "x", "img_prefix": "p"}),
        ("d.dataset.datasets[0]", 3, {"type": "A", "ann_file": "y", "img_prefix": "q"}),
        ("d.dataset.datasets[1]", 3, {"type": "B"}),
    ]
    balanced = {"type": "ClassBalancedDataset", "oversample_thr": 0.1, "dataset": {"type": "A"}}
    assert [times for _, times, _ in unwrapped(balanced)] == [0]


# Other people's code ----------------------------------------------------------------------------


def test_config_code_is_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    evil = "open('run', 'w')\nimport os\nos.mkdir('run')\nx = os.mkdir('run')\n"
    write(tmp_path / "evil.py", evil)
    text = (
        "_base_ = 'base.py'\nfrom evil import data\nimport evil\n"
        "custom_imports = dict(imports=['evil'])\nx = __import__('evil').x\n"
        "data = dict(train=dict(type='EvilDataset', classes=evil.names()))\n"
    )
    write(tmp_path / "base.py", evil)
    check(str(write(tmp_path / "config.py", text)))
    assert sorted(os.listdir()) == ["base.py", "config.py", "evil.py"]
    assert "evil" not in sys.modules


DOUBLED = "\n".join(f"d{n + 1} = dict(a=d{n}, b=d{n})" for n in range(60))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("_base_ = 'config.py'", "bases form a cycle"),
        (f"d0 = 1\n{DOUBLED}", "more than 100,000 values"),
        ("x = [[j for j in range(1000)] for i in range(1000)]", "more than 300,000 steps"),
        ("a = dict()\na['a'] = a", "more than 100,000 values"),
        ("_base_ = 'bad.py'", "is not Python"),
    ],
)
def test_endless_or_broken_bases_are_errors(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParseError, match=said):
        config_of(tmp_path, text, bad="x = = 1")


def test_oversized_values_are_unknown(tmp_path: Path) -> None:
    text = "s = 'abcdefgh'\n" + "s = s + s\n" * 60 + "n = 9\n" + "n = n * n\n" * 30
    config = config_of(tmp_path, text + "r = list(range(10 ** 12))\nx = s + 'a'")
    assert [config.get(name) for name in "snrx"] == [UNKNOWN] * 4


# What is said of it -----------------------------------------------------------------------------


def test_missing_module_severity_depends_on_installed_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "custom_imports = dict(imports=['not_there_anywhere'])\ndata = dict(train=dict())\n"
    path = write(tmp_path / "config.py", text)
    for folder, severity in ((tmp_path, "error"), (None, "warning")):
        monkeypatch.setattr("dataforge.mmconfig.data.installed", lambda _, at=folder: at)
        assert [f.severity for f in check(str(path)).findings] == [severity]


def test_a_class_in_an_edited_mmdet_is_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "mmdet" / "datasets" / "mine.py", "class MineDataset:\n    pass\n")
    monkeypatch.setattr("dataforge.mmconfig.data.installed", lambda _: tmp_path / "mmdet")
    monkeypatch.setattr(
        "dataforge.checks.config.type_not_registered.installed", lambda _: tmp_path / "mmdet"
    )
    text = "data = dict(train=dict(type='MineDataset'), val=dict(type='TheirDataset'))\n"
    found = check(str(write(tmp_path / "config.py", text))).findings
    assert [(f.code, f.severity, f.where) for f in found] == [
        ("type-not-registered", "error", "data.val.type")
    ]


@pytest.mark.parametrize("data", ["voc", "coco"])
@pytest.mark.parametrize(
    ("framework", "style"), [("mmdet2", "classic"), ("mmdet3", "classic"), ("mmdet3", "lazy")]
)
@pytest.mark.parametrize("gpus", [1, 8])
def test_registered_configs_have_no_findings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: str,
    framework: str,
    style: str,
    gpus: int,
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    redirect_registrations(monkeypatch, site)
    root = SAMPLE / "humanparts"
    if data == "coco":
        root = tmp_path / "coco"
        run_convert(SAMPLE / "labelme", root, split="train=0.5,val=0.5", image_mode="copy")
    plan_ = plan(
        Request(
            name=f"Clean{data}{framework}{style}{gpus}",
            root=str(root),
            frameworks=(framework,),
            framework_options={"style": style} if framework == "mmdet3" else {},
            train=TrainSpec(gpus=gpus, workflow="train,val" if gpus > 1 else "train"),
        )
    )
    apply(plan_)
    importlib.invalidate_caches()
    report = check(str(plan_.out / plan_.targets[0].config))
    assert [str(f) for f in report.findings if f.severity != "note"] == []
    assert not {"learning-rate", "log-interval"} & {f.code for f in report.findings}
    assert report.how[0].startswith(f"a config for mmdetection {framework[-1]}")


# The frameworks themselves ----------------------------------------------------------------------


def differences(mine: Any, theirs: Any, place: str = "") -> list[str]:
    """Places where both are known and differ."""
    if mine is UNKNOWN:
        return []
    if isinstance(mine, dict) and isinstance(theirs, dict):
        known = mine.keys() & theirs.keys()
        return [
            d
            for key in sorted(known)
            for d in differences(mine[key], theirs[key], f"{place}.{key}")
        ]
    lists = isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple))
    if lists and len(mine) == len(theirs):
        pairs = enumerate(zip(mine, theirs, strict=True))
        return [d for n, (a, b) in pairs for d in differences(a, b, f"{place}[{n}]")]
    return [] if mine == theirs else [f"{place}: {mine!r}, not {theirs!r}"]


@pytest.mark.parametrize(
    "generation",
    [pytest.param(2, marks=pytest.mark.mmdet), pytest.param(3, marks=pytest.mark.mmdet3)],
)
def test_mmdetection_configs_resolve_to_the_same_values(generation: int) -> None:
    framework = pytest.importorskip("mmcv" if generation == 2 else "mmengine.config")
    package = installed(generation)
    assert package
    configs = sorted((package / ".mim" / "configs").glob("*/*r50*.py"))[::6]
    assert len(configs) > 20
    complete = 0
    for path in configs:
        config = Config(ast.parse(path.read_bytes()), path)
        try:
            theirs = framework.Config.fromfile(str(path))._cfg_dict.to_dict()
        except (ImportError, OSError):  # some want packages, and files that are not there
            continue
        assert differences(dict(config.values), theirs) == [], path
        complete += config.is_complete and set(theirs) == set(config.values)
    assert complete > 0.8 * len(configs)
