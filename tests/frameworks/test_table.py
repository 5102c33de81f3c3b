"""The rows: what each offers, which are installed, and whose an option is."""

from __future__ import annotations

from pathlib import Path

import pytest
from generated import HUMANPARTS

from dataforge.errors import MissingDependencyError, UsageError
from dataforge.frameworks import (
    Adapter,
    Framework,
    TrainSpec,
    choose_frameworks,
    detectors,
    frameworks,
    get_framework,
    installed_framework,
    table,
    usual_framework,
)


@pytest.mark.parametrize("name", frameworks())
def test_every_framework_offers_the_same_interface(name: str) -> None:
    framework = get_framework(name)
    assert isinstance(framework, Framework)
    assert framework.name == name
    train = TrainSpec()
    framework.check(HUMANPARTS, train)
    paths = {file.path for file in framework.render_files(HUMANPARTS, train)}
    assert framework.config_path(HUMANPARTS, train) in paths
    assert f"python/{framework.module_name(HUMANPARTS).replace('.', '/')}.py" in paths
    adapter = framework.adapter()
    assert isinstance(adapter, Adapter)
    assert set(framework.packages) <= set(adapter.packages)


def test_an_unknown_framework() -> None:
    with pytest.raises(UsageError, match="no framework 'mmdet9'; did you mean 'mmdet3'"):
        get_framework("mmdet9")


def test_detectors_of_all_frameworks() -> None:
    assert detectors() == {
        "cascade_rcnn_r50_fpn": ["mmdet2", "mmdet3"],
        "faster_rcnn_r50_fpn": ["mmdet2", "mmdet3", "torchvision"],
        "mask_rcnn_r50_fpn": ["mmdet2", "mmdet3", "torchvision"],
        "retinanet_r50_fpn": ["mmdet2", "mmdet3", "torchvision"],
        "fasterrcnn_resnet50_fpn_v2": ["torchvision"],
    }


@pytest.mark.parametrize(
    ("versions", "name"),
    [
        ({"mmdet": "2.28.2", "torchvision": "0.16.2"}, "mmdet2"),
        ({"mmdet": "3.3.0", "torchvision": "0.16.2"}, "mmdet3"),
        ({"onedl-mmdetection": "3.4.2", "torchvision": "0.20.0"}, "mmdet3"),
        ({"torchvision": "0.16.2", "mmcv": "2.1.0"}, "torchvision"),
    ],
)
def test_the_installed_framework(
    versions: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_versions", lambda known: versions)
    assert installed_framework() == name
    assert usual_framework() == name
    assert [framework.name for framework in choose_frameworks([])] == [name]


def test_no_framework_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_versions", lambda known: {"numpy": "2.0"})
    with pytest.raises(UsageError, match="has no mmdet and no torchvision: choose one of"):
        installed_framework()
    with pytest.raises(
        MissingDependencyError, match=r"requires mmdet 2\.28 with .*, or torchvision 0"
    ):
        usual_framework()


def test_option_reaches_the_framework_that_defines_it() -> None:
    mmdet2, mmdet3 = choose_frameworks(["mmdet2", "mmdet3", "mmdet2"], options={"style": "lazy"})
    assert mmdet2 == get_framework("mmdet2")
    assert mmdet3 != get_framework("mmdet3")
    paths = [Path(one.config_path(HUMANPARTS, TrainSpec())) for one in (mmdet2, mmdet3)]
    assert [path.parts[1] for path in paths] == ["mmdet2", "mmdet3_lazy"]


@pytest.mark.parametrize(
    ("names", "options", "said"),
    [
        (
            ["mmdet2"],
            {"style": "classic"},
            "--style has no effect for mmdet2; it is an option of mmdet3",
        ),
        (["mmdet3"], {"style": "old"}, "--style old: must be one of classic, lazy"),
        (["mmdet3"], {"no_such": 1}, "--no-such is not an option of any framework"),
    ],
)
def test_invalid_options_are_refused(
    names: list[str], options: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        choose_frameworks(names, options=options)
    assert str(caught.value) == said
