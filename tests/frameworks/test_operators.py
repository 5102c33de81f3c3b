"""torchvision's operators in the place of mmcv's: they compute the same, and what is missing is
named. Where mmcv has its own they are compared with those."""

from __future__ import annotations

import importlib
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("mmcv")

from helpers import REPO

from dataforge.errors import MissingDependencyError, UsageError
from dataforge.frameworks import operators
from dataforge.frameworks.operators import EXTENSION, replaced, run_script, serve

pytestmark = [pytest.mark.lite, pytest.mark.filterwarnings("ignore")]


def compiled() -> ModuleType:
    """mmcv's own operators."""
    try:
        own = importlib.import_module(EXTENSION)
    except ImportError:
        own = None  # type: ignore[assignment]
    if own is None or own is replaced():
        pytest.skip("mmcv has no compiled operators here")
    return own


@pytest.fixture
def random() -> Any:
    return torch.Generator().manual_seed(0)


def boxes_of(random: Any, number: int, size: float = 60.0) -> Any:
    corners = torch.rand(number, 2, generator=random) * size
    return torch.cat([corners, corners + 1 + torch.rand(number, 2, generator=random) * size], 1)


# Values by hand ---------------------------------------------------------------------------------


def test_a_box_that_overlaps_a_better_one_is_dropped() -> None:
    # IoU of the first two: 80 / 120; with the last pixel inside: 99 / 143.
    boxes = torch.tensor([[0.0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]])
    scores = torch.tensor([0.5, 0.9, 0.7])
    assert operators.nms(boxes, scores, 0.6).tolist() == [1, 2]
    assert operators.nms(boxes, scores, 0.68).tolist() == [1, 2, 0]
    assert operators.nms(boxes, scores, 0.68, offset=1).tolist() == [1, 2]
    assert operators.nms(boxes[:0], scores[:0], 0.5).tolist() == []


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_boxes_may_have_another_precision_than_scores(dtype: str) -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]])
    scores = torch.tensor([0.5, 0.9, 0.7], dtype=getattr(torch, dtype))
    assert operators.nms(boxes, scores, 0.6).tolist() == [1, 2]
    assert operators.nms(boxes.to(scores.dtype), scores.float(), 0.6).tolist() == [1, 2]


def align(features: Any, rois: Any, **how: Any) -> tuple[Any, Any]:
    """The output of RoIAlign at 2 x 2, and the gradient of its sum."""
    settings = {"aligned_height": 2, "aligned_width": 2, "spatial_scale": 1.0, "pool_mode": 1}
    settings |= {"sampling_ratio": 0, "aligned": True, **how}
    output = features.new_zeros(len(rois), features.shape[1], 2, 2)
    none = features.new_zeros(0)
    operators.roi_align_forward(features, rois, output, none, none, **settings)
    grad = torch.zeros_like(features)
    operators.roi_align_backward(torch.ones_like(output), rois, none, none, grad, **settings)
    return output, grad


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_roi_align_averages_a_ramp(dtype: str) -> None:
    # The value of a pixel is the x of its centre less a half, so the mean over a bin is that of
    # its middle: bins of 2 pixels from x = 1 have theirs at 2 and 4.
    ramp = torch.arange(8.0).repeat(8, 1)[None, None].to(getattr(torch, dtype))
    rois = torch.tensor([[0.0, 1, 1, 5, 5]])
    output, grad = align(ramp, rois.to(ramp.dtype))
    assert output.dtype == grad.dtype == ramp.dtype
    assert output[0, 0].tolist() == [[1.5, 3.5], [1.5, 3.5]]
    assert grad.sum().item() == 4  # every bin hands on what it was given
    output, _ = align(ramp, rois, aligned=False)
    assert output[0, 0].tolist() == [[2, 4], [2, 4]]


def test_focal_loss_and_its_derivative(random: Any) -> None:
    logits = torch.randn(6, 3, generator=random, dtype=torch.float64)
    target = torch.tensor([0, 1, 2, 3, 3, 0])  # 3 is background
    how = {"gamma": 2.0, "alpha": 0.25}
    output, slope = torch.zeros_like(logits), torch.zeros_like(logits)
    none = logits.new_zeros(0)
    operators.sigmoid_focal_loss_forward(logits, target, none, output, **how)
    operators.sigmoid_focal_loss_backward(logits, target, none, slope, **how)
    wanted = logits.clone().requires_grad_()
    hot = torch.nn.functional.one_hot(target, 4)[:, :3].to(logits)
    p = wanted.sigmoid()
    right = torch.where(hot > 0, p, 1 - p)
    share = torch.where(hot > 0, 0.25, 0.75)
    loss = -share * (1 - right) ** 2 * right.log()  # Lin et al., Focal Loss, equation 5
    loss.sum().backward()
    assert torch.allclose(output, loss.detach())
    assert torch.allclose(slope, wanted.grad)


# Against mmcv's own -----------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 1])
@pytest.mark.parametrize("threshold", [0.3, 0.7])
def test_nms_is_that_of_mmcv(random: Any, offset: int, threshold: float) -> None:
    own = compiled()
    boxes, scores = boxes_of(random, 300), torch.rand(300, generator=random)
    wanted = own.nms(boxes, scores, iou_threshold=threshold, offset=offset)
    assert operators.nms(boxes, scores, threshold, offset).tolist() == wanted.tolist()


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling_ratio", [0, 2])
def test_roi_align_is_that_of_mmcv(random: Any, aligned: bool, sampling_ratio: int) -> None:
    own = compiled()
    features = torch.randn(2, 3, 20, 24, generator=random)
    images = torch.randint(2, (30, 1), generator=random)
    rois = torch.cat([images, boxes_of(random, 30)], 1)  # some of them end outside
    how = {"spatial_scale": 0.25, "sampling_ratio": sampling_ratio, "aligned": aligned}
    output, grad = align(features, rois, **how)
    wanted, wanted_grad, none = torch.zeros_like(output), torch.zeros_like(grad), torch.zeros(0)
    how |= {"aligned_height": 2, "aligned_width": 2, "pool_mode": 1}
    own.roi_align_forward(features, rois, wanted, none, none, **how)
    own.roi_align_backward(torch.ones_like(wanted), rois, none, none, wanted_grad, **how)
    assert torch.allclose(output, wanted, atol=1e-5)
    assert torch.allclose(grad, wanted_grad, atol=1e-4)


# What mmcv makes of them ------------------------------------------------------------------------


def lite(code: str) -> str:
    """What some code prints in a process of its own, in which mmcv has no operators."""
    hidden = f"""
        import importlib.abc, sys
        class Hidden(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path=None, target=None):
                if name == {EXTENSION!r}:
                    raise HIDDEN
        sys.meta_path.insert(0, Hidden())
    """
    reason = "ModuleNotFoundError('no extension', name='mmcv._ext')"
    text = f"HIDDEN = {reason}\n" + textwrap.dedent(hidden) + textwrap.dedent(code)
    command = [sys.executable, "-W", "ignore", "-c", text]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_nms_of_mmcv_in_all_its_forms() -> None:
    printed = lite("""
        from dataforge.frameworks.operators import serve
        assert serve() == ("torchvision", "mmcv was built without them"), serve()
        import torch
        from mmcv.ops import batched_nms, nms
        boxes = torch.tensor([[0., 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60], [0, 0, 9, 9]])
        scores, classes = torch.tensor([0.5, 0.9, 0.7, 0.1]), torch.tensor([0, 1, 1, 0])
        print(nms(boxes, scores, 0.6)[1].tolist())
        print(nms(boxes, scores, 0.6, score_threshold=0.6, max_num=1)[1].tolist())
        print(nms(boxes.numpy(), scores.numpy(), 0.68, offset=1)[1].tolist())
        how = dict(type='nms', iou_threshold=0.6)
        print(batched_nms(boxes, scores, classes, how)[1].tolist())
        print(batched_nms(boxes, scores, classes, how, class_agnostic=True)[1].tolist())
        print(batched_nms(boxes, scores, classes, dict(how, max_num=2))[1].tolist())
        print(batched_nms(boxes, scores, classes, dict(how, split_thr=1))[1].tolist())
        print(batched_nms(boxes, scores, classes, None)[1].tolist())
    """)
    assert printed.splitlines() == [
        "[1, 2, 3]",  # box 3 overlaps box 1 by 63 / 138
        "[1]",
        "[1, 2, 3]",
        "[1, 2, 0]",  # of box 0 it has 81 / 100, in the same class
        "[1, 2, 3]",
        "[1, 2]",
        "[1, 2, 0]",
        "[1, 2, 0, 3]",
    ]


def test_layers_of_mmcv_train() -> None:
    printed = lite("""
        from dataforge.frameworks.operators import serve
        serve()
        import torch
        from mmcv.ops import MultiScaleDeformableAttention, RoIAlign, SigmoidFocalLoss
        features = torch.randn(1, 2, 8, 8, requires_grad=True)
        rois = torch.tensor([[0., 0, 0, 4, 4], [0, 2, 2, 6, 6]])
        layer = RoIAlign(3, aligned=True, sampling_ratio=2)
        layer(features, rois).sum().backward()
        print(tuple(layer(features, rois[:0]).shape), round(features.grad.sum().item(), 3))
        logits = torch.zeros(2, 3, requires_grad=True)
        SigmoidFocalLoss(2.0, 0.25)(logits, torch.tensor([0, 3])).backward()
        print(logits.grad.sign().tolist())
        with torch.autocast('cpu', torch.bfloat16):
            out = layer(features.bfloat16(), rois.bfloat16())
        print(out.dtype)
        import mmcv.ops.multi_scale_deform_attn as module
        args = [torch.rand(1, 20, 2, 4, requires_grad=True),
                torch.tensor([[4, 4], [2, 2]]), torch.tensor([0, 16]),
                torch.rand(1, 5, 2, 2, 3, 2, requires_grad=True),
                torch.rand(1, 5, 2, 2, 3, requires_grad=True)]
        wanted = module.multi_scale_deformable_attn_pytorch(args[0], args[1], args[3], args[4])
        leaves = [args[0], args[3], args[4]]
        wanted_grads = torch.autograd.grad(wanted.square().sum(), leaves)
        out = module.MultiScaleDeformableAttnFunction.apply(*args, 64)
        grads = torch.autograd.grad(out.square().sum(), leaves)
        print(torch.equal(out, wanted), all(map(torch.allclose, grads, wanted_grads)))
    """)
    assert printed.splitlines() == [
        "(0, 2, 3, 3) 36.0",  # two RoIs of two channels of nine bins
        "[[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]",
        "torch.bfloat16",
        "True True",
    ]


def test_what_has_no_replacement_is_named_when_it_is_called() -> None:
    printed = lite("""
        from dataforge.frameworks.operators import serve
        serve()
        import torch
        from mmcv.ops import RoIAlign, RoIPool, soft_nms
        from dataforge.errors import MissingDependencyError
        rois = torch.tensor([[0., 0, 0, 4, 4]])
        for call in (
            lambda: RoIPool(2)(torch.zeros(1, 1, 8, 8), rois),
            lambda: RoIAlign(2, pool_mode='max')(torch.zeros(1, 1, 8, 8), rois),
            lambda: soft_nms(rois[:, 1:], torch.ones(1)),
        ):
            try:
                call()
            except MissingDependencyError as error:
                print(str(error).partition(' is needed')[0])
    """)
    assert printed.splitlines() == [
        "mmcv's operator roi_pool_forward",
        "mmcv's operator roi_align with pool_mode='max'",
        "mmcv's operator softnms",
    ]


def test_operators_that_do_not_load_are_replaced_and_said() -> None:
    printed = lite("""
        HIDDEN = ImportError('_ext.so: undefined symbol: _ZN2at')
        from dataforge.frameworks.operators import serve
        print(serve())
        print(serve() is not None, serve())  # once is enough
    """)
    said = "torchvision (mmcv's own do not load: _ext.so: undefined symbol: _ZN2at)"
    assert printed.splitlines() == [said, f"True {said}"]


def test_mmcvs_own_operators_are_used_where_they_load() -> None:
    compiled()
    assert serve() == ("mmcv", "")
    assert replaced() is None


def test_torchvision_without_operators_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(operators, "nms", broken)
    monkeypatch.setitem(sys.modules, EXTENSION, None)
    with pytest.raises(MissingDependencyError, match="torchvision::nms does not exist"):
        serve()


# What a model needs -----------------------------------------------------------------------------


def test_operators_that_a_model_needs_are_found() -> None:
    printed = lite("""
        from dataforge.frameworks.operators import serve
        serve()
        import torch
        from mmcv.ops import (DeformConv2dPack, MultiScaleDeformableAttention, RoIAlign, RoIPool,
                              deform_conv2d, nms, point_sample)
        from mmcv.ops.carafe import CARAFEPack
        from mmcv.ops.saconv import SAConv2d
        from dataforge.frameworks.lacking import lacking

        def helper(x):
            return [deform_conv2d(y, y, y) for y in x]

        class Uses(torch.nn.Module):
            def forward(self, x):
                return helper(x)

        class Plain(torch.nn.Module):
            def forward(self, x):
                return nms(x, point_sample)

        def found(*modules, **config):
            return lacking(lambda: torch.nn.Sequential(*modules), config)

        print(found(Plain(), RoIAlign(7), MultiScaleDeformableAttention()))
        print(found(Uses(), DeformConv2dPack(4, 4, 1), DeformConv2dPack(4, 4, 1)))
        print(found(RoIPool(7), RoIAlign(7, pool_mode='max'), CARAFEPack(4, 2)))
        print(found(torch.nn.Sequential(SAConv2d(4, 4, 1))))
        rcnn, rpn = {'nms': {'type': 'soft_nms'}}, {'nms': {'type': 'nms'}}
        print(found(test_cfg={'rcnn': rcnn, 'rpn': rpn}))
    """)
    assert printed.splitlines() == [
        "{}",
        "{'DeformConv2d': ['model.0'], 'DeformConv2dPack': ['model.1', 'model.2']}",
        "{'RoIPool': ['model.0'], \"RoIAlign with pool_mode='max'\": ['model.1'], "
        "'CARAFEPack': ['model.2']}",
        "{'DeformConv2d': ['model.0.0']}",
        "{'soft_nms': ['model.test_cfg.rcnn.nms']}",
    ]


# Scripts ----------------------------------------------------------------------------------------


def test_a_script_runs_with_them(tmp_path: Path) -> None:
    script = tmp_path / "my train.py"
    (tmp_path / "beside.py").write_text("NAME = 'beside'\n")
    script.write_text(
        "import sys, beside, mmcv.ops\n"
        "from dataforge.frameworks.operators import serve\n"
        "print(__name__, sys.argv[1:], beside.NAME, serve().of, __file__)\n"
    )
    command = [sys.executable, "-W", "ignore", "-m", "dataforge.frameworks.operators"]
    command += [str(script), "--a", "b c"]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"__main__ ['--a', 'b c'] beside {serve().of} {script}\n"


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"SCRIPT \[ARGUMENT"):
        run_script([str(tmp_path / "none.py")])
