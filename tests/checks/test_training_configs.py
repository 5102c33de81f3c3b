"""Training configs as people really have them: no false alarm, no crash, and what stops is named.

The bases are those of mmdetection 2 and 3 in small; tests/mmconfig/test_shipped.py has all of the
real ones.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers import write
from PIL import Image

from dataforge.checks.config import learning_rate
from dataforge.errors import InputError
from dataforge.verbs.check import check

BASE_2 = """
model = dict(
    type='FasterRCNN',
    backbone=dict(type='ResNet', frozen_stages=1, norm_eval=True,
                  init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    roi_head=dict(type='StandardRoIHead', bbox_head=dict(type='Shared2FCBBoxHead', num_classes=80)))
pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True)]
data = dict(
    samples_per_gpu=2, workers_per_gpu=2,
    train=dict(type='CocoDataset', ann_file='coco/train.json', img_prefix='coco/',
               pipeline=pipeline),
    val=dict(type='CocoDataset', ann_file='coco/val.json', img_prefix='coco/', pipeline=pipeline),
    test=dict(type='CocoDataset', ann_file='coco/val.json', img_prefix='coco/', pipeline=pipeline))
evaluation = dict(interval=1, metric='bbox')
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
runner = dict(type='EpochBasedRunner', max_epochs=12)
"""

BASE_3 = """
model = dict(
    type='FasterRCNN',
    backbone=dict(type='ResNet', frozen_stages=1, norm_eval=True,
                  init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50')),
    roi_head=dict(type='StandardRoIHead', bbox_head=dict(type='Shared2FCBBoxHead', num_classes=80)))
train_dataloader = dict(
    batch_size=2, num_workers=2,
    dataset=dict(type='CocoDataset', data_root='coco/', ann_file='train.json',
                 data_prefix=dict(img=''), filter_cfg=dict(filter_empty_gt=True, min_size=32),
                 pipeline=[]))
val_dataloader = dict(
    batch_size=1, num_workers=2,
    dataset=dict(type='CocoDataset', data_root='coco/', ann_file='val.json',
                 data_prefix=dict(img=''), test_mode=True, pipeline=[]))
test_dataloader = val_dataloader
val_evaluator = dict(type='CocoMetric', ann_file='coco/val.json', metric='bbox', format_only=False)
test_evaluator = val_evaluator
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.02, momentum=0.9))
auto_scale_lr = dict(enable=False, base_batch_size=16)
"""

OWN_2 = """
_base_ = 'base2.py'
classes = ('cat', 'dog')
data = dict(
    train=dict(ann_file='mine/train.json', img_prefix='mine/', classes=classes),
    val=dict(ann_file='mine/val.json', img_prefix='mine/', classes=classes),
    test=dict(ann_file='mine/val.json', img_prefix='mine/', classes=classes))
model = dict(roi_head=dict(bbox_head=dict(num_classes=2)))
optimizer = dict(lr=0.0025)
"""

OWN_3 = """
_base_ = 'base3.py'
meta = dict(classes=('cat', 'dog'))
own = dict(data_root='mine/', metainfo=meta)
train_dataloader = dict(dataset=own)
val_dataloader = dict(dataset=own)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file='mine/val.json')
test_evaluator = val_evaluator
model = dict(roi_head=dict(bbox_head=dict(num_classes=2)))
optim_wrapper = dict(optimizer=dict(lr=0.0025))
"""


def coco(*, names: tuple[str, ...] = ("cat", "dog"), outline: bool = True) -> str:
    """A COCO file of one image with an object of each class."""
    annotations = [
        {"id": i, "image_id": 1, "category_id": i, "bbox": [1, 1, 30, 30], "area": 900,
         "iscrowd": 0, **({"segmentation": [[1, 1, 31, 1, 31, 31]]} if outline else {})}
        for i, _ in enumerate(names, 1)
    ]  # fmt: skip
    categories = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    image = {"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}
    return json.dumps({"images": [image], "annotations": annotations, "categories": categories})


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bases, and data that are correct, in the working directory."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "base2.py", BASE_2)
    write(tmp_path / "base3.py", BASE_3)
    for split in ("train", "val"):
        write(tmp_path / "mine" / f"{split}.json", coco())
    Image.new("RGB", (64, 48)).save(tmp_path / "mine" / "a.jpg")
    return tmp_path


def said(text: str, name: str = "config.py") -> list[tuple[str, str]]:
    """(code, message) of the warnings and errors on a config in the working directory."""
    report = check(str(write(Path(name).absolute(), text)))
    return [(f.code, f.message) for f in report.findings if f.severity != "note"]


def codes(text: str) -> list[str]:
    return [code for code, _ in said(text)]


# Nothing is wrong -------------------------------------------------------------------------------

META = "_base_.val_dataloader.dataset.metainfo = meta\n"


@pytest.mark.parametrize(
    "text",
    [
        OWN_2,
        OWN_3,
        # A config for tests alone, with and without what the Runner wants beside it.
        "train_dataloader = None\ntest_dataloader = dict(batch_size=1, dataset=dict("
        "type='CocoDataset', data_root='mine/', ann_file='val.json', data_prefix=dict(img='')))\n",
        OWN_3 + "train_dataloader = None\ntrain_cfg = None\noptim_wrapper = None\n",
        # A lazy config whose base cannot be found.
        "from mmdet.x import build\nmodel = build()\ntrain_dataloader = dict(batch_size=2)\n",
        "from mmengine.config import read_base\nwith read_base():\n"
        "    from mmdet.configs.no_such import *\ntrain_dataloader.update(dict(batch_size=2))\n"
        "model.roi_head.bbox_head.num_classes = 2\n",
        # Changes to a base, which later reads see.
        OWN_3.replace("val_dataloader = dict(dataset=own)\ntest_dataloader = val_dataloader\n",
                      META + "_base_.val_dataloader.dataset.data_root = 'mine/'\n"
                      "test_dataloader = _base_.val_dataloader\n"),
        OWN_3.replace("model = ", "head = _base_.model.roi_head.bbox_head\n"
                      "head['num_classes'] = 2\nunused = "),
        OWN_3.replace("model = ", "_base_.model.roi_head.bbox_head.num_classes += -78\nunused = "),
        # The standard library is no config.
        "from pathlib import Path\nimport datetime\n" + OWN_3,
        OWN_2 + "import itertools\nfrom typing import Any\n",
        # The dump of a good config.
        OWN_3 + "auto_scale_lr = dict(enable=False, base_batch_size=16)\n",
        OWN_3.replace("0.0025", "0.02") + "auto_scale_lr = dict(enable=True, base_batch_size=16)\n",
        # Another project's types.
        OWN_3 + "default_scope = 'mmyolo'\nown.update(type='YOLOv5CocoDataset', yolo_key=1)\n",
        OWN_3 + "own.update(type='mmrotate.DOTADataset', box_type='qbox')\n",
        # What mmdetection 2 builds.
        OWN_2 + "one = dict(type='CocoDataset', pipeline=[], **data['train'])\n"
        "data['train'] = [dict(type='RepeatDataset', times=2, dataset=one), one]\n",
        OWN_2 + "data['train'] = dict(type='RepeatDataset', times=2, dataset=dict(\n"
        "    type='CocoDataset', pipeline=[], **data['train']))\n",
        # An open vocabulary has no fixed number of classes.
        OWN_3 + "model = dict(type='GroundingDINO', bbox_head=dict(num_classes=256))\n",
    ],
)  # fmt: skip
def test_a_good_config_has_no_findings(text: str) -> None:
    assert said(text) == []


def test_a_child_of_what_is_partly_unknown() -> None:
    changed = OWN_3.replace("model = ", "model = _base_.model\nmodel.roi_head.bbox_head.update("
                            "dict(num_classes=2))\nunused = ")  # fmt: skip
    write(Path("changed.py").absolute(), changed)
    assert said("_base_ = 'changed.py'\nmodel = dict(backbone=dict(frozen_stages=2))\n") == []
    write(Path("unknown.py").absolute(), "model = dict(type='FasterRCNN', backbone=open('x'))\n")
    text = "_base_ = 'unknown.py'\nmodel = dict(backbone=dict(frozen_stages=2))\ntrain_cfg = 1\n"
    assert "frozen-at-random" not in codes(text)


def test_a_framework_that_is_not_here() -> None:
    text = (
        "import os.path as osp\nimport absent_mmdet as m\n"
        "_base_ = [osp.join(osp.dirname(m.__file__), '.mim/configs/base.py'),\n"
        "          f\"{__import__('absent_mmdet').__path__[0]}/.mim/configs/other.py\"]\n"
        "data = dict(train=dict(type='CocoDataset', ann_file='mine/train.json'))\n"
    )
    assert "path-missing" not in codes(text)


def test_one_check_that_breaks_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[float]:
        raise AttributeError("'Unknown' object has no attribute 'get'")

    monkeypatch.setattr(learning_rate, "_batches", broken)
    found = said(OWN_3 + "val_dataloader = None\n")
    assert [code for code, _ in found] == ["not-read-in-full", "loop-incomplete"]
    assert "learning-rate: AttributeError" in found[0][1]


# Not loadable -----------------------------------------------------------------------------------

TWO = "model = dict(a=1)\n"
READ = "from mmengine.config import read_base\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("_base_ = 'lists.py'\nmodel = dict(heads=dict(n=2))\n", "model.heads is a dict, but in"),
        ("_base_ = 'lists.py'\nmodel = dict(n=dict(a=2))\n", "model.n is a dict, but in the base"),
        ("_base_ = ['lists.py', 'two.py']\ndata = dict()\n", "the bases lists.py and two.py both"),
        ("_base_ = 'lists.py'\nmodel = dict(n=1, n=2)\n", "is given n twice"),
        ("_base_ = 'lists.py'\nmodel = dict(**dict(n=1), n=2)\n", "is given n twice"),
        ("from torch import classes\n_base_ = 'three.py'\n", "a module is imported above _base_"),
        ("import numpy as np\n_base_ = 'three.py'\n", "a module is imported above _base_"),
        ("_base_ = 'lists.py'\ndata = dict(a=pipeline)\n", "the name pipeline is not defined"),
        ("_base_ = 'lists.py'\ndata = dict(a={{_base_.nothing}})\n", "_base_.nothing does not"),
        ("_base_ = 'lists.py'\ndata = dict(a=\"{{_base_.model}}\")\n", "stands in quotes"),
        ("_base_ = 'lists.py'\ndata = dict(a=_base_.model)\n", "mmcv has {{ _base_.model }} alone"),
        ("_base_ = ('lists.py',)\ndata = dict()\n", "_base_ is neither a string nor a list"),
        ("_base_ = 'lists.py'\ndata = dict(a=1)\ndata.a = 2\n", "data is a plain dict"),
        ("_base_ = 'lists.py'\ndata = dict(a=1)\ndata['b']['c'] = 2\n", "data['b'] does not exist"),
        ("_base_ = 'lists.py'\ndata = dict(a=1)\ntext = 'a'\n", "text is reserved"),
        ("_base_ = 'lists.py'\ndata = dict()\nreturn 1\n", "'return' outside function"),
        ("name = 'three.py'\n_base_ = [name]\ntrain_cfg = dict()\n", "_base_ uses name"),
        ("_base_ = 'three.py'\ndel _base_.nothing\n", "_base_.nothing does not exist"),
        ("_base_ = 'three.py'\nx = _base_.train_dataloader.nothing\n", "nothing does not exist"),
        ("_base_ = 'lazy.py'\ntest_dataloader = None\n", "is based on a lazy config"),
        (READ + "with read_base():\n    from .three import nothing\n",
         "three.py has no nothing"),
        (READ + "with read_base():\n    import os\n", "may stand in"),
        ("import torch\nfrom .three import *\n", "`import *` may only stand in"),
        ("_base_ = 'three.py'\nx = '{{$NOT_SET_ANYWHERE:}}'\n", "NOT_SET_ANYWHERE is not set"),
    ],
)  # fmt: skip
def test_a_config_that_does_not_load(folder: Path, text: str, words: str) -> None:
    write(folder / "lists.py", "model = dict(heads=[dict(n=1)], n=1)\n")
    write(folder / "two.py", TWO)
    write(folder / "three.py", "train_dataloader = dict(batch_size=2)\n")
    write(folder / "lazy.py", "import torch\nx = dict(type=torch.nn.SGD)\n")
    messages = [message for code, message in said(text) if code == "does-not-load"]
    assert len(messages) == 1, messages
    assert words in messages[0]


def test_what_is_merged_over_a_list_with_delete_loads(folder: Path) -> None:
    write(folder / "lists.py", "model = dict(heads=[dict(n=1)])\n")
    text = "_base_ = 'lists.py'\nmodel = dict(heads=dict(_delete_=True, n=2))\ndata = dict()\n"
    assert said(text) == []


# Stops later ------------------------------------------------------------------------------------

WRAPPED = "dict(type='CocoDataset', ann_file='mine/train.json', data_prefix=dict(img='mine/'), "
WRAPPED += "metainfo=meta)"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (OWN_3 + f"train_dataloader = dict(dataset=dict(type='RepeatDataset', times=2, dataset="
         f"{WRAPPED}))\n", "argument-unknown", "RepeatDataset does not accept data_root, ann_file"),
        (OWN_3 + f"train_dataloader = dict(dataset=dict(type='ConcatDataset', datasets=[{WRAPPED}"
         f"]))\n", "argument-unknown", "ConcatDataset does not accept data_root, ann_file"),
        (OWN_3 + "train_dataloader['dataset']['img_prefix'] = 'a/'\n", "argument-unknown",
         "CocoDataset does not accept img_prefix"),
        (OWN_3 + "train_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', "
         f"dataset={WRAPPED}))\n", "argument-unknown", "RepeatDataset requires times"),
        (OWN_3 + "val_evaluator = dict(type='VOCMetric', metric='mAP')\ntest_evaluator = None\n"
         "test_cfg = None\ntest_dataloader = None\n", "argument-unknown",
         "VOCMetric does not accept ann_file, format_only"),
        (OWN_3 + "val_evaluator = dict(_delete_=True, type='VOCMetric', metric='bbox')\n",
         "metric-unknown", "VOCMetric does not compute 'bbox'"),
        (OWN_2 + "data['train']['times'] = 3\n", "argument-unknown",
         "CocoDataset does not accept times"),
        (OWN_2 + "evaluation = dict(iou_thr=0.5)\n", "argument-unknown",
         "the evaluation of CocoDataset does not accept iou_thr"),
        (OWN_2 + "for split in ('val',):\n    data[split]['type'] = 'XMLDataset'\n",
         "metric-unknown", "XMLDataset does not compute 'bbox'"),
        (OWN_2 + "evaluation = dict(metric='mAP')\n", "metric-unknown",
         "CocoDataset does not compute 'mAP'"),
        (OWN_2 + "data['train']['classes'] = {'cat', 'dog'}\n", "classes-not-a-list", "are a set"),
        (OWN_3 + "own['metainfo'] = dict(classes={0: 'cat'})\n", "classes-not-a-list", "a dict"),
        (OWN_2 + "data['train']['classes'] = ('cat', 'cat')\n", "classes-not-a-list", "twice"),
        (OWN_3 + "val_dataloader = None\n", "loop-incomplete", "val_dataloader is not"),
        (OWN_3 + "test_evaluator = None\n", "loop-incomplete", "test_evaluator is not"),
        (OWN_3 + "train_dataloader = None\n", "loop-incomplete", "train_dataloader is not"),
        (OWN_2 + "data['train_dataloader'] = dict(samples_per_gpu=2)\n", "setting-twice",
         "samples_per_gpu is also set in data"),
        (OWN_2 + "data['val']['samples_per_gpu'] = 2\ndata['val_dataloader'] = dict("
         "samples_per_gpu=2)\n", "setting-twice", "samples_per_gpu is also set in data.val"),
        (OWN_2 + "total_epochs = 24\n", "setting-twice", "total_epochs is 24, but"),
    ],
)  # fmt: skip
def test_what_stops_the_run_later(text: str, code: str, words: str) -> None:
    found = said(text)
    assert any(c == code and words in message for c, message in found), found


def test_a_subclass_evaluates_what_its_base_does(folder: Path) -> None:
    write(folder / "mine_xml.py", "class Mine(XMLDataset):\n    CLASSES = ('cat', 'dog')\n")
    text = OWN_2 + (
        "custom_imports = dict(imports=['mine_xml'])\n"
        "data['val'] = dict(type='Mine', ann_file='mine/val.json')\n"
    )
    assert ("metric-unknown", "XMLDataset does not compute 'bbox': expected mAP or recall") in said(
        text
    )


@pytest.mark.parametrize("outline", [True, False])
@pytest.mark.parametrize("own", [OWN_2, OWN_3])
def test_masks_over_boxes(folder: Path, own: str, outline: bool) -> None:
    write(folder / "mine" / "train.json", coco(outline=outline))
    split = "data['train']" if own is OWN_2 else "own"
    text = own + f"{split}['pipeline'] = [dict(type='LoadAnnotations', with_mask=True)]\n"
    assert codes(text) == ([] if outline else ["masks-missing"])


# Against the data -------------------------------------------------------------------------------

XML = (
    "<annotation>{size}<object><name>{name}</name>{more}<bndbox><xmin>2</xmin><ymin>2</ymin>"
    "<xmax>{right}</xmax><ymax>40</ymax></bndbox></object></annotation>"
)
SIZE = "<size><width>{}</width><height>48</height><depth>3</depth></size>"


def voc(
    folder: Path,
    *,
    ids: str = "a\n",
    name: str = "cat",
    width: str = "64",
    more: str = "",
    right: str = "40",
    image: str = "a.jpg",
    in_folder: str = "voc",
    kind: str = "XMLDataset",
) -> str:
    """A VOC-like dataset of one image, and a config of mmdetection 2 for it."""
    root = folder / in_folder
    text = XML.format(size=SIZE.format(width), name=name, more=more, right=right)
    write(root / "Annotations" / "a.xml", text)
    write(root / "ids.txt", ids)
    (root / "JPEGImages").mkdir(exist_ok=True)
    Image.new("RGB", (64, 48)).save(root / "JPEGImages" / image)
    values = f"type='{kind}', ann_file='{in_folder}/ids.txt', img_prefix='{in_folder}/'"
    return (
        f"_base_ = 'base2.py'\nmodel = dict(roi_head=dict(bbox_head=dict(num_classes=2)))\n"
        f"data = dict(train=dict({values}, classes=('cat', 'dog')), "
        "val=dict(ann_file='mine/val.json', img_prefix='mine/', classes=('cat', 'dog')), test=dict("
        "ann_file='mine/val.json', img_prefix='mine/', classes=('cat', 'dog')))\n"
        "optimizer = dict(lr=0.0025)\n"
    )


@pytest.mark.parametrize(
    ("made", "code", "words"),
    [
        ({}, "", ""),
        ({"image": "a.png"}, "listed-files-missing", "there is a.png: XMLDataset of mmdetection"),
        ({"image": "a.JPG"}, "listed-files-missing", "there is a.JPG"),
        ({"ids": "a\nb\n"}, "listed-files-missing", "voc/ids.txt: 1 of 2 lines without XML file"),
        ({"ids": "a\n\n"}, "listed-files-missing", "voc/ids.txt: 1 of 2 lines blank"),
        ({"ids": "a -1\n"}, "listed-files-missing", "further columns ('a -1')"),
        ({"ids": "a  1\n"}, "listed-files-missing", "further columns ('a  1')"),
        ({"ids": "a.jpg\n"}, "listed-files-missing", "with more than the bare name ('a.jpg')"),
        ({"ids": "a \n"}, "listed-files-missing", "with spaces around the name"),
        ({"more": "<difficult></difficult>"}, "xml-not-readable", "difficult is empty"),
        ({"more": "<difficult>no</difficult>"}, "xml-not-readable", "difficult is 'no'"),
        ({"more": "<difficult> 0 </difficult>"}, "", ""),
        ({"width": "64.0"}, "xml-not-readable", "size/width is '64.0'"),
        ({"width": ""}, "xml-not-readable", "size/width is empty"),
        ({"right": "40.6"}, "", ""),
        ({"right": ""}, "xml-not-readable", "bndbox/xmax is empty"),
        ({"kind": "VOCDataset"}, "voc-year", "VOCDataset needs VOC2007 or VOC2012"),
        ({"kind": "VOCDataset", "in_folder": "VOC2007"}, "voc-year", "aeroplane for cat"),
        ({"kind": "VOCDataset", "in_folder": "VOC2012"}, "", ""),
        ({"name": "cow"}, "images-filtered", "with objects of other names alone ('cow')"),
        ({"name": "Cat"}, "images-filtered", "with objects of other names alone ('Cat')"),
    ],
)
def test_configs_against_their_data(
    folder: Path, made: dict[str, str], code: str, words: str
) -> None:
    found = said(voc(folder, **made))
    assert [c for c, _ in found] == ([code] if code else [])
    assert words in "".join(message for _, message in found)


def test_images_of_coco_that_do_not_exist(folder: Path) -> None:
    (folder / "mine" / "a.jpg").rename(folder / "mine" / "a.png")
    found = said(OWN_3)
    assert [code for code, _ in found] == ["listed-files-missing"] * 2
    assert "1 of 1 image not found in mine/, the first: a.jpg; there is a.png" in found[0][1]


# No config --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import argparse\ndef main():\n    pass\nif __name__ == '__main__':\n    main()\n",
        "from mmdet.datasets import DATASETS\n@DATASETS.register_module()\nclass A:\n    pass\n",
        "print('hello')\n",
        "",
    ],
)
def test_a_file_that_is_no_config(folder: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"train\.py: not a training config"):
        said(text, "train.py")
