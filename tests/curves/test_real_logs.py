"""Logs that real trainings have written: two images, two epochs of one step each.

mmdetection 2.28.2 with workflow = [("train", 1), ("val", 1)], mmdetection 3.3.0 with the hook that
`register --workflow train,val` generates, and train.py for torchvision 0.16.2 with --val-loss,
which trains RetinaNet on three images here.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers import write

from dataforge.verbs.curves import choose, read_log

MMDET2 = """\
{"env_info": "sys.platform: linux", "config": "model = dict()", "seed": 0, "exp_name": "a.py", "hook_msgs": {}}
{"mode": "train", "epoch": 1, "iter": 1, "lr": 0.0, "data_time": 2.28387, "loss_rpn_cls": 0.68919, "loss_rpn_bbox": 0.01172, "loss_cls": 1.00061, "acc": 94.23828, "loss_bbox": 0.14908, "loss": 1.8506, "time": 32.40237}
{"mode": "val", "epoch": 1, "iter": 1, "lr": 0.0, "data_time": 2.38301, "loss_rpn_cls_val": 0.69158, "loss_rpn_bbox_val": 0.00705, "loss_cls_val": 0.9937, "acc_val": 93.55469, "loss_bbox_val": 0.18011, "loss_val": 1.87244, "time": 15.331}
{"mode": "train", "epoch": 2, "iter": 1, "lr": 4e-05, "data_time": 2.40191, "loss_rpn_cls": 0.6849, "loss_rpn_bbox": 0.01172, "loss_cls": 1.00373, "acc": 94.62891, "loss_bbox": 0.14908, "loss": 1.84942, "time": 27.16027}
{"mode": "val", "epoch": 2, "iter": 2, "lr": 4e-05, "AP50": 0.0, "mAP": 0.0}
{"mode": "val", "epoch": 2, "iter": 1, "lr": 4e-05, "data_time": 2.49814, "loss_rpn_cls_val": 0.68843, "loss_rpn_bbox_val": 0.00704, "loss_cls_val": 0.95321, "acc_val": 94.33594, "loss_bbox_val": 0.18009, "loss_val": 1.82878, "time": 16.43219}
"""  # noqa: E501

MMDET3 = """\
{"lr": 2.5e-06, "data_time": 0.21515464782714844, "loss": 2.592789888381958, "loss_rpn_cls": 0.7408455014228821, "loss_rpn_bbox": 0.014462081715464592, "loss_cls": 1.6075220108032227, "acc": 4.00390625, "loss_bbox": 0.22996023297309875, "time": 37.72734713554382, "epoch": 1, "iter": 1, "step": 1}
{"val/loss": 2.582519054412842, "val/loss_rpn_cls": 0.7455311417579651, "val/loss_rpn_bbox": 0.0071759698912501335, "val/loss_cls": 1.5806834697723389, "val/acc": 3.61328125, "val/loss_bbox": 0.24912837147712708, "step": 1}
{"lr": 4.4830508474576276e-05, "data_time": 0.03447246551513672, "loss": 2.604449987411499, "loss_rpn_cls": 0.7425244450569153, "loss_rpn_bbox": 0.01501100230962038, "loss_cls": 1.609307050704956, "acc": 3.90625, "loss_bbox": 0.23760747909545898, "time": 19.859584093093872, "epoch": 2, "iter": 2, "step": 2}
{"val/loss": 2.4748177528381348, "val/loss_rpn_cls": 0.7464433908462524, "val/loss_rpn_bbox": 0.007172361947596073, "val/loss_cls": 1.4721157550811768, "val/acc": 8.10546875, "val/loss_bbox": 0.24908612668514252, "step": 2}
{"pascal_voc/mAP": 0.0052910055965185165, "pascal_voc/AP50": 0.005, "data_time": 0.17086029052734375, "time": 8.028833508491516, "step": 2}
"""  # noqa: E501

TORCHVISION = """\
{"mode": "train", "epoch": 1, "iter": 1, "lr": 1.25e-06, "loss": 3.2386473417282104, "classification": 1.127196192741394, "bbox_regression": 2.1114511489868164, "time": 1.7936129570007324}
{"mode": "train", "epoch": 1, "iter": 2, "lr": 1.37375e-05, "loss": 0.00263586500659585, "classification": 0.00263586500659585, "bbox_regression": 0.0, "time": 0.671006441116333}
{"mode": "val", "epoch": 1, "loss": 2.215990662574768, "classification": 0.7527728080749512, "bbox_regression": 1.463217854499817}
{"mode": "train", "epoch": 2, "iter": 1, "lr": 2.6225000000000004e-05, "loss": 1.9610903859138489, "classification": 0.5657393336296082, "bbox_regression": 1.3953510522842407, "time": 0.623878002166748}
{"mode": "train", "epoch": 2, "iter": 2, "lr": 3.87125e-05, "loss": 2.725672483444214, "classification": 1.126835823059082, "bbox_regression": 1.5988366603851318, "time": 0.5053999423980713}
{"mode": "val", "epoch": 2, "loss": 2.215585231781006, "classification": 0.7527608871459961, "bbox_regression": 1.4628243446350098, "AP": 0.0, "AP50": 0.0, "by_class": {"cat": {"AP": 0.0, "AP50": 0.0}, "dog": {"AP": 0.0, "AP50": 0.0}}}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("name", "text", "losses", "val", "score"),
    [
        ("a/20261126_225343.log.json", MMDET2, [1.8506, 1.84942], [1.87244, 1.82878], 0.0),
        (
            "b/20261126_230112/vis_data/scalars.json",
            MMDET3,
            [2.592789888381958, 2.604449987411499],
            [2.582519054412842, 2.4748177528381348],
            0.005,
        ),
    ],
)
def test_losses_and_scores(
    name: str, text: str, losses: list[float], val: list[float], score: float, tmp_path: Path
) -> None:
    write(tmp_path / name, text)
    log = read_log(tmp_path / name.split("/")[0])
    train, of_val, ap50 = choose([log])
    assert [(one.epoch, one.step, one.value) for one in train.points] == [
        (1, 1, losses[0]), (2, 2, losses[1]),
    ]  # fmt: skip
    assert [(one.epoch, one.step, one.value) for one in of_val.points] == [
        (1, 1, val[0]), (2, 2, val[1]),
    ]  # fmt: skip
    assert (ap50.key, ap50.points[0].epoch, ap50.points[0].value) == ("AP50", 2, score)
    both = {"loss", "loss_rpn_cls", "loss_rpn_bbox", "loss_cls", "loss_bbox", "acc"}
    assert log.train.keys() == both | {"lr", "time", "data_time"}
    assert log.val.keys() == both | {"AP50", "mAP"}


def test_losses_and_scores_of_train_py(tmp_path: Path) -> None:
    log = read_log(write(tmp_path / "log.json", TORCHVISION))
    assert [point.epoch for point in log.train["loss"]] == [0.5, 1, 1.5, 2]
    assert [point.step for point in log.train["loss"]] == [1, 2, 3, 4]
    assert [(one.epoch, one.value) for one in log.val["loss"]] == [
        (1, 2.215990662574768), (2, 2.215585231781006),
    ]  # fmt: skip
    assert [(one.epoch, one.value) for one in log.val["AP50"]] == [(2, 0.0)]
    kinds = {curve.title: curve.kind for curve in choose([log], ["bbox_regression", "lr", "AP"])}
    assert kinds == {"bbox_regression": "loss", "bbox_regression (val)": "loss", "lr": "other",
                     "AP": "metric"}  # fmt: skip
