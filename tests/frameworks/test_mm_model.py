"""The parts of mmdetection's detectors: numbers that fit one another, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dataforge.errors import UsageError
from dataforge.frameworks import TrainSpec
from dataforge.frameworks.mm_model import MmModel, make_model
from dataforge.frameworks.mm_settings import _arguments
from dataforge.frameworks.render import import_line, setting

FASTER = "faster_rcnn_r50_fpn"
RETINA = "retinanet_r50_fpn"


def model(base: str = FASTER, /, **given: Any) -> MmModel:
    """A model; ``part__argument`` is a setting."""
    train = {name: given.pop(name) for name in [*given] if name in TrainSpec.__struct_fields__}
    settings = {name.replace("__", "."): value for name, value in given.items()}
    return make_model(base, TrainSpec(settings=settings, **train), "Any", 3)


def test_as_mmdetection_has_it() -> None:
    assert model().changes == {"roi_head": {"bbox_head": {"num_classes": 3}}}
    assert model(RETINA).changes == {"bbox_head": {"num_classes": 3}}
    heads = {"bbox_head": {"num_classes": 3}, "mask_head": {"num_classes": 3}}
    assert model("mask_rcnn_r50_fpn").changes == {"roi_head": heads}
    assert model("cascade_rcnn_r50_fpn").changes == {}  # its template lists the heads


def test_settings_that_are_the_base_s_own_change_nothing() -> None:
    same = model(
        backbone__out_indices=[0, 1, 2, 3],
        backbone__norm_cfg={"type": "BN", "requires_grad": True},
        neck__num_outs=5,
        neck__out_channels=256,
        anchor_generator__scales=[8],
    )
    assert same.changes == model().changes


@pytest.mark.parametrize(
    ("base", "given", "strides", "roi"),
    [
        # P3 to P7: the levels of the issue
        (
            FASTER,
            {"neck__start_level": 1, "neck__add_extra_convs": "on_input", "neck__num_outs": 5},
            [8, 16, 32, 64, 128],
            {"featmap_strides": [8, 16, 32], "finest_scale": 112},
        ),
        (RETINA, {}, [8, 16, 32, 64, 128], {"featmap_strides": [8, 16, 32], "finest_scale": 112}),
        (FASTER, {}, [4, 8, 16, 32, 64], {"featmap_strides": [4, 8, 16, 32]}),
        (FASTER, {"neck__num_outs": 4}, [4, 8, 16, 32], {"featmap_strides": [4, 8, 16, 32]}),
        # the neck ends before the backbone does, and adds nothing
        (FASTER, {"neck__end_level": 2}, [4, 8, 16], {"featmap_strides": [4, 8, 16]}),
        (FASTER, {"neck__end_level": 3}, [4, 8, 16, 32, 64], {"featmap_strides": [4, 8, 16, 32]}),
        (
            FASTER,
            {"backbone__out_indices": (2, 3), "neck__num_outs": 3},
            [16, 32, 64],
            {"featmap_strides": [16, 32], "finest_scale": 224},
        ),
        # a dilated last stage keeps stride 16
        (
            FASTER,
            {"backbone__strides": [1, 2, 2, 1], "backbone__dilations": [1, 1, 1, 2]},
            [4, 8, 16, 16, 32],
            {"featmap_strides": [4, 8, 16, 16]},
        ),
        # three levels of DetNet share a stride; its last one serves the anchors alone
        (
            FASTER,
            {"backbone": "detnet59"},
            [4, 8, 16, 16, 16],
            {"featmap_strides": [4, 8, 16, 16]},
        ),
        (
            RETINA,
            {"backbone": "detnet59"},
            [8, 16, 16, 16, 32],
            {"featmap_strides": [8, 16, 16, 16], "finest_scale": 112},
        ),
    ],
)
def test_strides(base: str, given: dict[str, Any], strides: list[int], roi: dict[str, Any]) -> None:
    made = model(base, **given)
    assert made.anchors["strides"] == strides
    assert made.roi == {"out_channels": 256, **roi}
    assert made.neck["num_outs"] == len(strides)
    sizes = made.anchors.get("base_sizes", strides)
    assert len({*sizes}) == len(strides)  # no two levels have the same anchors
    if len({*strides}) < len(strides):
        assert sizes == [strides[0] * 2**level for level in range(5)]


def test_detnet() -> None:
    made = model(backbone="detnet59")
    assert made.name == "faster_rcnn_detnet59_fpn"
    assert made.changes["backbone"] == {
        "_delete_": True,
        "type": "AnyDetNet",
        "depth": 59,
        "out_indices": (0, 1, 2, 3, 4),
        "frozen_stages": 1,
        "norm_cfg": {"type": "BN", "requires_grad": True},
        "norm_eval": True,
        "new_norm_cfg": {"type": "GN", "num_groups": 32, "requires_grad": True},
        "init_cfg": {"type": "Pretrained", "checkpoint": "torchvision://resnet50"},
    }
    assert "new_norm_cfg" not in model(backbone="detnet59", weights="/w.pth").backbone
    assert "new_norm_cfg" not in model(backbone="detnet59", init="random").backbone
    assert made.changes["neck"] == {
        "type": "AnyDetNetFPN",
        "in_channels": [256, 512, 1024, 1024, 1024],
        "out_channels": 256,
        "num_outs": 5,
        "strides": [4, 8, 16, 16, 16],
    }
    assert made.changes["rpn_head"] == {
        "anchor_generator": {"strides": [4, 8, 16, 16, 16], "base_sizes": [4, 8, 16, 32, 64]}
    }
    assert made.types(own=True) == ["AnyDetNet", "AnyDetNetFPN"]
    assert made.types(own=False) == []


@pytest.mark.parametrize(
    ("backbone", "name", "channels"),
    [
        ("resnet18", "r18", [64, 128, 256, 512]),
        ("resnet34", "r34", [64, 128, 256, 512]),
        ("resnet101", "r101", [256, 512, 1024, 2048]),
        ("resnet152", "r152", [256, 512, 1024, 2048]),
    ],
)
def test_depths_of_resnet(backbone: str, name: str, channels: list[int]) -> None:
    made = model(backbone=backbone)
    assert made.name == f"faster_rcnn_{name}_fpn"
    assert made.changes["backbone"] == {
        "depth": int(name[1:]),
        "init_cfg": {"checkpoint": f"torchvision://{backbone}"},
    }
    assert made.changes.get("neck", {}).get("in_channels", [256, 512, 1024, 2048]) == channels
    assert made.types(own=False) == ["ResNet", "FPN"]


def test_weights() -> None:
    """From random weights all is trained, with GroupNorm; a file's count as weights."""
    scratch = {
        "frozen_stages": -1,
        "norm_cfg": {"type": "GN", "num_groups": 32, "requires_grad": True},
        "norm_eval": False,
        "init_cfg": None,
    }
    assert model(init="random").changes["backbone"] == scratch
    assert model(backbone="res2net50_v1b_26w_4s").scratch  # nothing to fetch
    small = model(backbone="res2net50_v1b_26w_4s", init="random").backbone
    assert small["norm_cfg"]["num_groups"] == 2  # 26 channels a scale
    of_file = model(backbone="res2net50_26w_6s", weights="/data/w.pth", frozen_stages=2)
    assert not of_file.scratch
    assert of_file.backbone["frozen_stages"] == 2
    assert of_file.backbone["norm_eval"] is True
    assert of_file.backbone["init_cfg"] == {"type": "Pretrained", "checkpoint": "/data/w.pth"}


def test_other_channels_reach_every_head() -> None:
    made = model("mask_rcnn_r50_fpn", neck__out_channels=128)
    assert made.changes == {
        "neck": {"out_channels": 128},
        "rpn_head": {"in_channels": 128},
        "roi_head": {
            "bbox_roi_extractor": {"out_channels": 128},
            "bbox_head": {"in_channels": 128, "num_classes": 3},
            "mask_roi_extractor": {"out_channels": 128},
            "mask_head": {"in_channels": 128, "num_classes": 3},
        },
    }


def test_sizes_of_anchors() -> None:
    scales = model(RETINA, anchor_generator__scales=[4, 8])
    assert "octave_base_scale" not in scales.anchors
    assert scales.changes["bbox_head"]["anchor_generator"]["_delete_"] is True
    octaves = model(
        anchor_generator__octave_base_scale=4, anchor_generator__scales_per_octave=3
    ).anchors
    assert "scales" not in octaves
    assert model(RETINA, anchor_generator__scales_per_octave=2).anchors["octave_base_scale"] == 4


def test_a_norm_of_another_type_is_said_in_full() -> None:
    sync = model(backbone__norm_cfg={"type": "SyncBN", "requires_grad": True})
    assert sync.changes["backbone"] == {"norm_cfg": {"type": "SyncBN", "requires_grad": True}}
    short = model(backbone__norm_cfg={"type": "GN", "num_groups": 16})
    # Else the base's requires_grad would be merged into it.
    assert short.changes["backbone"]["norm_cfg"]["_delete_"] is True
    frozen = model(backbone__norm_cfg={"type": "BN", "requires_grad": False})
    assert frozen.changes["backbone"] == {"norm_cfg": {"requires_grad": False}}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"backbone": "vgg16"}, r"--backbone vgg16: mmdetection has detnet59, resnet18,"),
        ({"backbone": "resnet51"}, r"--backbone resnet51: mmdetection has detnet59"),
        ({"init": "random", "weights": "/w"}, "--pretrained random: contradicts --weights"),
        ({"init": "random", "frozen_stages": 1}, "would freeze random weights of resnet50"),
        ({"backbone": "res2net50_26w_6s", "frozen_stages": 0}, "would freeze random weights"),
        ({"backbone": "detnet59", "frozen_stages": 4}, "would freeze random weights of detnet59"),
        ({"frozen_stages": 5}, r"frozen_stages=5: must be -1 \(none\), 0 \(the stem\) to 4"),
        ({"frozen_stages": 1, "backbone__frozen_stages": 1}, "--frozen-stages says it already"),
        (
            {
                "init": "random",
                "backbone__norm_cfg": {"type": "BN"},
                "backbone__norm_eval": True,
            },
            "norm_eval=True: would keep the BN of resnet50 as it was made",
        ),
        ({"head__x": 1}, r"--set head\.x: the parts are backbone, neck, anchor_generator"),
        (
            {"neck__start_levl": 1},
            r"--set neck\.start_levl: FPN has no such argument; did you mean 'start_level'\? it "
            r"has act_cfg, add_extra_convs, conv_cfg, end_level",
        ),
        ({"backbone": "detnet59", "backbone__deep_stem": True}, "DetNet has no such argument"),
        ({"backbone": "detnet59", "neck__end_level": 2}, "DetNetFPN has no such argument"),
        ({"backbone": "res2net50_v1b_26w_4s", "backbone__avg_down": True}, "follows from the netw"),
        ({"backbone__depth": 101}, r"backbone\.depth: follows from --backbone"),
        ({"backbone__init_cfg": None}, "follows from --pretrained and --weights"),
        ({"neck__in_channels": [1]}, r"neck\.in_channels: follows from the backbone"),
        ({"anchor_generator__strides": [4]}, "follows from the neck"),
        ({"neck__num_outs": "five"}, r"neck\.num_outs=five: must be a whole number above 0"),
        ({"neck__num_outs": True}, "must be a whole number above 0"),
        ({"neck__num_outs": 3}, r"neck\.num_outs=3: must be 4 to 10"),
        ({"neck__num_outs": 10**9}, "must be 4 to 10"),
        ({"neck__end_level": 2, "neck__num_outs": 5}, r"must be 3; with end_level=2 the neck adds"),
        ({"neck__start_level": 4}, r"neck\.start_level=4: must be 0 to 3"),
        ({"neck__start_level": 2, "neck__end_level": 1}, r"end_level=1: must be -1, or 2 to 3"),
        ({"neck__add_extra_convs": "on_output_"}, "True, False, on_input, on_lateral"),
        ({"backbone__norm_eval": 1}, "must be True or False"),
        ({"backbone__norm_cfg": "GN"}, "must be a dict with a type, or None"),
        ({"backbone__out_indices": [3, 2]}, "must be some of 0 to 3, in order"),
        ({"backbone__out_indices": [0, 4]}, "must be some of 0 to 3, in order"),
        ({"backbone__out_indices": []}, "must be a list of whole numbers"),
        ({"backbone__strides": [1, 2]}, "must have 4 numbers"),
        ({"backbone__plugins": "it's"}, "must be a plain value"),
        ({"anchor_generator__base_sizes": [4, 8]}, "must have 5 numbers, one for each level"),
        ({"anchor_generator__scales": [0]}, "must be a list of numbers above 0"),
        ({"anchor_generator__octave_base_scale": 4}, "scales_per_octave is needed as well"),
    ],
)
def test_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        model(**given)


def test_the_arguments_of_our_own_networks_are_read_from_their_source() -> None:
    assert _arguments("detnet", "DetNet") >= {"out_indices", "frozen_stages", "norm_eval"}
    assert _arguments("res2net", "PlainRes2Net") >= {"scales", "base_width", "norm_cfg"}


# Text -------------------------------------------------------------------------------------------


def test_settings_are_written_in_mmdetection_s_style() -> None:
    assert setting({"a": 1, "b": (2,)}, "x", 4) == "x=dict(a=1, b=(2,))"
    assert setting({"a": {"b": 1}}, "x", 4) == "x=dict(a=dict(b=1))"
    both = {"a": {"b": 1}, "c": {"d": [{"e": 2}]}}
    assert setting(both, "x", 4).split("\n") == [
        "x=dict(",
        "        a=dict(b=1),",
        "        c=dict(d=[dict(e=2)]))",
    ]
    assert setting({"type": "FPN"}, "x", 0, classes=True) == "x=dict(type=FPN)"


def test_imports_are_sorted_and_wrapped() -> None:
    assert import_line("a", ["Bb", "Ab", "FPN", "Bb"]) == "from a import FPN, Ab, Bb"
    names = [f"Name{number}" for number in range(20)]
    lines = import_line("some.module", names).split("\n")
    assert all(len(line) < 100 for line in lines)
    assert lines[0].startswith("from some.module import (Name0, ")
    assert lines[1].startswith(" " * 25 + "Name")
    assert lines[-1].endswith(")")
