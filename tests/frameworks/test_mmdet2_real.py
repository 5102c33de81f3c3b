"""The generated configs in the real mmdet 2: loaded, built, dumped."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
from generated import render, spec, unique, write_files

from dataforge.frameworks.mmdet2.generate import RESERVED_ALIASES
from dataforge.frameworks.spec import DatasetSpec, PlannedFile
from dataforge.mmconfig import BUILT_IN

pytest.importorskip("mmcv.runner")  # mmcv 1 alone has it
from mmcv import Config
from mmdet.core.evaluation import class_names, get_classes
from mmdet.datasets import DATASETS

pytestmark = [pytest.mark.mmdet, pytest.mark.lite]


def load(dataset: DatasetSpec, out: Path, patch: pytest.MonkeyPatch, **train: Any) -> Config:
    """The training config, as `tools/train.py` would load it."""
    files = render(dataset, **train)
    write_files(out, (PlannedFile(*item) for item in files.items()), patch)
    (config,) = [path for path in files if path.startswith(f"configs/mmdet2/{dataset.key}/")]
    return Config.fromfile(str(out / config))


def numbers_of_classes(config: Any) -> list[int]:
    """Every `num_classes` below a config's node."""
    if isinstance(config, dict):
        own = [config["num_classes"]] if "num_classes" in config else []
        return own + [n for value in config.values() for n in numbers_of_classes(value)]
    if isinstance(config, (list, tuple)):
        return [n for value in config for n in numbers_of_classes(value)]
    return []


@pytest.mark.parametrize("init", ["imagenet", "random"])
@pytest.mark.parametrize(
    ("base", "heads"),
    [
        ("cascade_rcnn_r50_fpn", 3),
        ("faster_rcnn_r50_fpn", 1),
        ("mask_rcnn_r50_fpn", 2),
        ("retinanet_r50_fpn", 1),
    ],
)
def test_mmdet_builds_every_base(
    base: str, heads: int, init: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmdet.models import build_detector

    dataset = spec(
        unique(),
        format="coco",
        has_masks=True,
        classes=tuple("abcdefg"),
        spellings={letter: letter for letter in "abcdefg"},
    )
    config = load(dataset, tmp_path, monkeypatch, base=base, init=init)
    assert numbers_of_classes(config.model) == [7] * heads
    assert config.optimizer == {
        "type": "SGD",
        "lr": 0.00125 if base.startswith("retinanet") else 0.0025,
        "momentum": 0.9,
        "weight_decay": 0.0001,
    }
    model = build_detector(config.model)
    frozen = [name for name, value in model.backbone.named_parameters() if not value.requires_grad]
    if init == "random":
        assert config.model.backbone.init_cfg is None
        assert frozen == []
        assert {type(layer).__name__ for layer in model.modules()} & {"BatchNorm2d"} == set()
    else:
        assert config.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
        assert any(name.startswith("layer1") for name in frozen)
    if base.startswith("cascade"):
        stds = [head.bbox_coder.stds for head in model.roi_head.bbox_head]
        reference = Config.fromfile(
            Path(class_names.__file__).parents[2] / f".mim/configs/_base_/models/{base}.py"
        )
        assert stds == [head.bbox_coder.target_stds for head in reference.model.roi_head.bbox_head]
        for ours, theirs in zip(
            config.model.roi_head.bbox_head, reference.model.roi_head.bbox_head, strict=True
        ):
            assert {**ours, "num_classes": 80} == theirs  # all but the number as mmdet has it


def test_all_that_a_training_needs_is_in_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = spec(unique())
    config = load(dataset, tmp_path, monkeypatch)
    assert config.custom_imports == {
        "imports": [f"{dataset.package}.mmdet2"],
        "allow_failed_imports": False,
    }
    assert config.runner == {"type": "EpochBasedRunner", "max_epochs": 12}
    assert config.evaluation == {"interval": 1, "metric": "mAP", "save_best": "mAP"}
    assert config.custom_hooks == [{"type": "NumClassCheckHook"}]
    assert config.data.train.type == f"{dataset.name}Dataset"
    assert config.data.train.filter_empty_gt is False
    assert [config.data[use].ann_file for use in ("train", "val", "test")] == [
        "train.txt",
        "val.txt",
        "test.txt",
    ]


def test_repeat_and_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = spec(unique(), format="coco", has_masks=True)
    config = load(dataset, tmp_path, monkeypatch, base="mask_rcnn_r50_fpn", repeat=3)
    train = config.data.train
    assert (train.type, train.times) == ("RepeatDataset", 3)
    assert (train.dataset.type, train.dataset.img_prefix) == (f"{dataset.name}Dataset", "Images")
    assert train.dataset.filter_empty_gt is False
    steps = {step.type: step for step in train.dataset.pipeline}
    assert steps["LoadAnnotations"].with_mask is True
    assert "gt_masks" in steps["Collect"]["keys"]
    assert config.evaluation.metric == ["bbox", "segm"]
    boxes = spec(unique(), format="coco", has_masks=True)
    config = load(boxes, tmp_path / "boxes", monkeypatch)
    assert "with_mask" not in str(config.data)
    assert config.evaluation.metric == "bbox"


def test_the_reserved_names_are_mmdets() -> None:
    own = {
        name
        for name, cls in DATASETS.module_dict.items()
        if cls.__module__.startswith("mmdet.datasets")
    }
    assert BUILT_IN[2] == own
    # A copy of the module of its own: other tests have added their datasets to the one in use.
    source = importlib.util.spec_from_file_location("pristine", class_names.__file__)
    assert source is not None
    assert source.loader is not None
    pristine = importlib.util.module_from_spec(source)
    source.loader.exec_module(pristine)
    aliases = pristine.dataset_aliases
    known = {*aliases, *(alias for names in aliases.values() for alias in names)}
    assert set(RESERVED_ALIASES.split()) == known
    functions = {name.removesuffix("_classes") for name in vars(pristine) if "_classes" in name}
    assert functions - {"get"} <= known


AWKWARD = (
    "it's",
    'say "no"',
    "'both\"",
    "back\\slash",
    "ends in \\",
    "two words",
    "two\nlines",
    "人物",
    "{{x}} {% y %}",
    '"""',
    "%s",
    "é",
)


@pytest.mark.parametrize("format_", ["voc", "coco"])
@pytest.mark.parametrize("ignore_case", [False, True])
def test_arbitrary_class_names_are_supported(
    format_: str, ignore_case: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = spec(
        unique(),
        format=format_,
        classes=AWKWARD,
        spellings={name.casefold() if ignore_case else name: name for name in AWKWARD},
        ignore_case=ignore_case,
        root="/data/my 数据/set",
    )
    config = load(dataset, tmp_path, monkeypatch)
    cls = DATASETS.get(dataset.class_name)
    assert cls.CLASSES == AWKWARD
    assert len(cls.PALETTE) == len(AWKWARD)
    assert [cls.class_of(f" {name} ") for name in AWKWARD] == list(AWKWARD)
    assert cls.class_of("e\u0301") == "é"  # decomposed, as macOS writes it
    assert cls.class_of("IT'S") == ("it's" if ignore_case else None)
    assert cls.class_of("nothing known") is None
    for name in (dataset.key, *dataset.aliases):
        assert get_classes(name) == list(AWKWARD)
    config.dump(str(tmp_path / "dumped.py"))
    again = Config.fromfile(str(tmp_path / "dumped.py"))
    assert again._cfg_dict == config._cfg_dict
    assert again.data_root == "/data/my 数据/set"


def test_a_single_class_stays_a_tuple(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = spec(unique(), classes=("cat",), spellings={"cat": "cat"})
    load(dataset, tmp_path, monkeypatch)
    assert DATASETS.get(dataset.class_name).CLASSES == ("cat",)  # a str would be a file's name


def test_duplicate_dataset_class_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = spec(unique())
    load(dataset, tmp_path, monkeypatch)
    copy = tmp_path / "python" / f"copy_of_{dataset.package}"
    shutil.copytree(tmp_path / dataset.folder, copy)
    with pytest.raises(KeyError, match=f"{dataset.class_name} is already registered"):
        importlib.import_module(f"{copy.name}.mmdet2")
