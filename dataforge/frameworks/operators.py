"""torchvision's operators in the place of mmcv's, where mmcv has none that are compiled.

mmcv loads all its operators from one extension module, ``mmcv._ext``. `serve` puts a module of that
name into `sys.modules` where there is none, which answers with torchvision's operators, or with
plain torch. It must run before ``mmcv.ops`` is imported; the rest of mmcv and mmdet is unchanged.
A script, such as mmdet's own tools/train.py, runs with them by

    python -m dataforge.frameworks.operators SCRIPT [ARGUMENT...]
"""

from __future__ import annotations

import importlib
import runpy
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from dataforge.errors import MissingDependencyError, UsageError
from dataforge.frameworks.adapter import Operators, quiet
from dataforge.frameworks.patches import (
    adapt_mmcv_streams,
    adapt_replicated_tensors,
    allow_histories,
)

EXTENSION = "mmcv._ext"


def serve() -> Operators:
    """Make mmcv's operators usable: its own if they load, else torchvision's.

    Raises:
        ImportError: mmcv or torch is not installed, or cannot be imported.
        MissingDependencyError: torchvision's operators are needed, and do not load.
    """
    loaded = sys.modules.get(EXTENSION)
    if isinstance(loaded, _Replacement):
        return Operators("torchvision", loaded.reason)
    with quiet():
        import mmcv  # noqa: F401 - its own errors are not those of its extension
        import torch  # noqa: F401 - loads the libraries that the extension is linked to

        try:
            importlib.import_module(EXTENSION)
        except ModuleNotFoundError:
            reason = "mmcv was built without them"
        except (ImportError, OSError) as error:
            reason = f"mmcv's own do not load: {error}"
        else:
            return Operators("mmcv")
    _require_torchvision(reason)
    sys.modules[EXTENSION] = _Replacement(reason)
    return Operators("torchvision", reason)


def replaced() -> ModuleType | None:
    """The module in the place of mmcv's extension; None if mmcv has its own."""
    loaded = sys.modules.get(EXTENSION)
    return loaded if isinstance(loaded, _Replacement) else None


class _Replacement(ModuleType):
    """Stands for ``mmcv._ext``; a function that has no replacement raises when it is called.

    Attributes:
        reason: why mmcv's own is not used.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(EXTENSION)
        self.__spec__ = ModuleSpec(EXTENSION, None)  # mmengine looks for it
        self.reason = reason

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return _FUNCTIONS.get(name) or _refusal(name)


def _refusal(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise _no_operator(name)

    return refuse


def _no_operator(name: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"mmcv's operator {name} is needed, which is not compiled here, and torchvision has none "
        "in its place; install mmcv with its compiled operators"
    )


def _require_torchvision(reason: str) -> None:
    """Raise MissingDependencyError if torchvision's operators do not load."""
    import torch

    try:
        with quiet():
            import torchvision  # noqa: F401

        nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
    except Exception as error:  # a torchvision for another torch fails in many ways
        raise MissingDependencyError(
            f"there are no operators for mmdet ({reason}), and torchvision's do not load with "
            f"torch {torch.__version__}: {type(error).__name__}: {error}; install the torchvision "
            "that was built for this torch"
        ) from error


# Functions of mmcv._ext -------------------------------------------------------------------------
#
# They have the arguments of mmcv 1.7.2 and 2.1.0 (ops/nms.py, roi_align.py, focal_loss.py,
# multi_scale_deform_attn.py). Half precision is computed in single, as under torch's autocast;
# what `copy_` stores has the precision of its target.


def nms(boxes: Any, scores: Any, iou_threshold: float, offset: int = 0) -> Any:
    """Indices of the boxes kept, by descending score.

    Args:
        boxes: (n, 4).
        scores: (n,).
        iou_threshold: boxes that overlap a better one by more are dropped.
        offset: 1 if a box ends with its last pixel, and is a pixel wider.
    """
    import torch

    boxes, scores = _single(boxes, scores)
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return torch.ops.torchvision.nms(boxes, scores, float(iou_threshold))


def roi_align_forward(
    features: Any,
    rois: Any,
    output: Any,
    argmax_y: Any,
    argmax_x: Any,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Fill `output`, (rois, channels, height, width), with the averages of the samples."""
    import torch

    if pool_mode != _AVERAGE:
        raise _no_operator("roi_align with pool_mode='max'")
    features, rois = _single(features, rois)
    size = int(aligned_height), int(aligned_width)
    how = int(sampling_ratio), bool(aligned)
    output.copy_(torch.ops.torchvision.roi_align(features, rois, float(spatial_scale), *size, *how))


def roi_align_backward(
    grad_output: Any,
    rois: Any,
    argmax_y: Any,
    argmax_x: Any,
    grad_input: Any,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Fill `grad_input`, the gradient of the features."""
    import torch

    grad_output, rois = _single(grad_output, rois)
    size = int(aligned_height), int(aligned_width)
    how = int(sampling_ratio), bool(aligned)
    grad_input.copy_(
        torch.ops.torchvision._roi_align_backward(
            grad_output, rois, float(spatial_scale), *size, *grad_input.shape, *how
        )
    )


_AVERAGE = 1  # mmcv's pool_mode; 0 is the maximum


def sigmoid_focal_loss_forward(
    logits: Any, target: Any, weight: Any, output: Any, *, gamma: float, alpha: float
) -> None:
    """Fill `output` with the loss of each of (n, classes); other targets are background."""
    positive, p, log_p, log_n = _focal(logits, target, weight)
    loss = -(1 - alpha) * p**gamma * log_n
    output.copy_(loss.where(~positive, -alpha * (1 - p) ** gamma * log_p))


def sigmoid_focal_loss_backward(
    logits: Any, target: Any, weight: Any, grad_input: Any, *, gamma: float, alpha: float
) -> None:
    """Fill `grad_input` with the derivative of each loss by its logit."""
    positive, p, log_p, log_n = _focal(logits, target, weight)
    slope = -(1 - alpha) * p**gamma * (gamma * (1 - p) * log_n - p)
    grad_input.copy_(
        slope.where(~positive, -alpha * (1 - p) ** gamma * (1 - p - gamma * p * log_p))
    )


def _focal(logits: Any, target: Any, weight: Any) -> tuple[Any, Any, Any, Any]:
    """Where the target is the class, its probability p, log(p) and log(1 - p)."""
    import torch

    if weight.numel():
        raise _no_operator("sigmoid_focal_loss with weights of classes")
    (logits,) = _single(logits)
    positive = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    log_p = torch.nn.functional.logsigmoid(logits)
    return positive, logits.sigmoid(), log_p, torch.nn.functional.logsigmoid(-logits)


def ms_deform_attn_forward(
    value: Any, shapes: Any, starts: Any, locations: Any, weights: Any, *, im2col_step: int
) -> Any:
    """Deformable attention, by the function in plain torch that mmcv itself uses on the CPU."""
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    return multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)


def ms_deform_attn_backward(
    value: Any,
    shapes: Any,
    starts: Any,
    locations: Any,
    weights: Any,
    grad_output: Any,
    grad_value: Any,
    grad_locations: Any,
    grad_weights: Any,
    *,
    im2col_step: int,
) -> None:
    """Fill the gradients of the value, the locations and the weights."""
    import torch
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch

    with torch.enable_grad():
        value, locations, weights = (
            tensor.detach().requires_grad_() for tensor in (value, locations, weights)
        )
        output = multi_scale_deformable_attn_pytorch(value, shapes, locations, weights)
        grads = torch.autograd.grad(output, (value, locations, weights), grad_output)
    for target, grad in zip((grad_value, grad_locations, grad_weights), grads, strict=True):
        target.copy_(grad)


def get_compiler_version() -> str:
    """For the list of versions that mmdet's own scripts log."""
    return "none"


def get_compiling_cuda_version() -> str:
    """See `get_compiler_version`."""
    return "none"


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        get_compiler_version,
        get_compiling_cuda_version,
        nms,
        roi_align_forward,
        roi_align_backward,
        sigmoid_focal_loss_forward,
        sigmoid_focal_loss_backward,
        ms_deform_attn_forward,
        ms_deform_attn_backward,
    )
}


def _single(*tensors: Any) -> list[Any]:
    """Tensors of one precision, single or double."""
    import torch

    double = all(tensor.dtype == torch.float64 for tensor in tensors)
    return [tensor.to(torch.float64 if double else torch.float32) for tensor in tensors]


# Scripts ----------------------------------------------------------------------------------------


def run_script(arguments: list[str]) -> None:
    """Run a Python script with `serve`, and with what old mmcv needs on a new torch.

    Args:
        arguments: path of the script, then its own arguments.

    Raises:
        UsageError: there is no such script.
    """
    if not arguments or not Path(arguments[0]).is_file():
        raise UsageError("expected: python -m dataforge.frameworks.operators SCRIPT [ARGUMENT...]")
    serve()
    adapt_mmcv_streams()
    adapt_replicated_tensors()
    allow_histories()
    sys.argv = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)  # as Python does
    runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    # This file under its own name: there must be one class of replacements.
    importlib.import_module("dataforge.frameworks.operators").run_script(sys.argv[1:])
