"""Which of mmcv's operators a model needs that have no replacement: seen before it is trained."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dataforge.frameworks.operators import replaced
from dataforge.mmconfig import dicts

SERVED = {
    "mmcv.ops.focal_loss": ("SigmoidFocalLoss", "SigmoidFocalLossFunction"),
    "mmcv.ops.multi_scale_deform_attn": (
        "MultiScaleDeformableAttention",
        "MultiScaleDeformableAttnFunction",
        "multi_scale_deformable_attn_pytorch",
    ),
    "mmcv.ops.nms": ("NMSop", "nms", "batched_nms"),
    "mmcv.ops.roi_align": ("RoIAlign", "RoIAlignFunction"),
}
"""Module of mmcv -> what works in it without mmcv's extension."""

NMS_TYPES = ("soft_nms", "nms_match", "nms_rotated", "nms_quadri")
"""Named in a config, and looked up by mmcv when boxes are filtered."""


def lacking(build: Callable[[], Any], config: Any) -> dict[str, list[str]]:
    """Operator -> where it is needed, for those that neither mmcv nor torchvision has here.

    Args:
        build: builds the model; called only if mmcv's own operators are not there.
        config: the values of its config.
    """
    found: dict[str, list[str]] = {}
    if replaced() is None:
        return found
    for path, module in build().named_modules():
        for operator in _needed_by(module):
            found.setdefault(operator, []).append(f"model.{path}" if path else "model")
    for path, settings in dicts(config, "model"):
        type_ = settings.get("type")
        name = type_ if isinstance(type_, str) else getattr(type_, "__name__", "")
        if name in NMS_TYPES:
            found.setdefault(name, []).append(path)
    return found


def _needed_by(module: Any) -> Iterator[str]:
    yield from _needed_by_class(type(module))
    if getattr(module, "pool_mode", "avg") != "avg" and type(module).__name__ == "RoIAlign":
        yield f"RoIAlign with pool_mode={module.pool_mode!r}"
    # A head's sampler is no torch module, nor are those of a cascade.
    for value in vars(module).values():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            if hasattr(item, "__dict__") and not isinstance(item, (type, FunctionType, ModuleType)):
                yield from _needed_by_class(type(item))


def _needed_by_class(class_: type) -> list[str]:
    """The operators that a class is, or that its methods call."""
    found: dict[str, None] = {}
    for base in class_.__mro__:
        if base.__module__.partition(".")[0] in ("builtins", "torch"):
            continue
        if operator := _operator(base):
            return [operator]
        for value in vars(base).values():
            if isinstance(function := _unwrapped(value), FunctionType):
                found |= dict.fromkeys(_called(function))
    return list(found)


@cache
def _called(function: FunctionType) -> tuple[str, ...]:
    """The operators that a function calls, or functions that it calls; classes are not followed."""
    found: dict[str, None] = {}
    waiting, seen = [function], {function}
    while waiting:
        top = waiting.pop()
        for name in _names(top.__code__):
            value = _unwrapped(top.__globals__.get(name))
            if isinstance(value, type):
                continue
            if operator := _operator(value):
                found[operator] = None
            elif (
                isinstance(value, FunctionType)
                and value not in seen
                and value.__module__.partition(".")[0] not in ("mmcv", "mmengine", "torch")
            ):
                seen.add(value)
                waiting.append(value)
    return tuple(found)


def _unwrapped(value: Any) -> Any:
    """The function inside decorators."""
    if isinstance(value, (FunctionType, classmethod, staticmethod)):
        return inspect.unwrap(value)  # type: ignore[arg-type]
    return value


def _names(code: CodeType) -> Iterator[str]:
    """The names that some code uses, inner functions included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _operator(thing: Any) -> str:
    """The name of an operator of mmcv without a replacement; empty for anything else.

    ``deform_conv2d`` and the like are the method `apply` of a function for autograd.
    """
    owner = getattr(thing, "__self__", None)
    thing = owner if isinstance(owner, type) else thing
    module = getattr(thing, "__module__", None) or ""
    name = getattr(thing, "__name__", "")
    if not module.startswith("mmcv.ops.") or name in SERVED.get(module, ()):
        return ""
    extension = replaced()
    names = vars(sys.modules[module]) if module in sys.modules else {}
    uses = any(value is extension for value in names.values())
    return name.removesuffix("Function") if uses else ""
